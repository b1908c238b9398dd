"""Whether a published table and ours measure the same thing: the same images, cut the same way."""

from collections.abc import Iterator

from osteon.published import Figures, Protocol
from osteon.report.run import Run, counted

_NEAR = 0.02  # of all images: whole groups cannot meet a share exactly
_UNTOLD = {
    "cut": "How theirs are cut is not told.",
    "whole": "Whether theirs keep the images of a patient together is not told.",
    "augmented": "Whether theirs drew augmented copies before the cut or after it is not told.",
    "image_size_px": "How large theirs are is not told."}
_CUT = {"ratio": "by shares of the images", "official": "as the set came",
        "official_test_carved": "in the official parts, the validation part divided again",
        "hidden": "by those who keep the labels of the test part"}


def differences(run: Run, table: Figures) -> list[str]:
    """Say why our figures and a table's do not measure the same thing; [] where they do."""
    theirs = table.protocol
    return [*_of_images(run, theirs), *_of_cut(run, theirs), *_of_copies(run, theirs),
            *_of_size(run, theirs),
            *(f"Their {run.title(figure)} is {how}; ours is not."
              for figure, how in table.otherwise.items())]


def _of_images(run: Run, theirs: Protocol) -> Iterator[str]:
    dataset, ours = run.settings.dataset, run.about["images"]
    if run.drawn:
        yield ("Ours are drawn images, theirs are radiographs: the rows cannot be compared in any "
               "way.")
        return
    if theirs.layout is None:
        yield f"Nobody but the authors can tell or has the images ({theirs.data})."
    elif dataset.layout != theirs.layout:
        yield (f"Ours is another data set ({dataset.root}, layout {dataset.layout}): theirs is "
               f"{theirs.data}.")
    elif theirs.images is None:
        yield f"How many images of {theirs.data} are theirs is not told."
    elif theirs.images != ours:
        yield (f"Theirs are {counted(theirs.images, 'image')}, those of {theirs.data}; ours are "
               f"{counted(ours, 'image')}, of {dataset.root}.")
    if theirs.labels and set(theirs.labels) != set(run.labels):
        yield f"Theirs are other classes: {', '.join(theirs.labels)}."


def _of_cut(run: Run, theirs: Protocol) -> Iterator[str]:
    parts = run.split["shares"]
    ours = tuple(parts[part]["reached"] for part in ("train", "validation", "test"))
    if theirs.cut is None:
        yield _UNTOLD["cut"]
    elif theirs.cut != run.cut.protocol:
        yield f"Theirs are cut {_CUT[theirs.cut]}; ours: {run.split['says']}."
    elif theirs.shares and max(abs(one - other) for one, other in zip(
            theirs.shares, ours, strict=True)) > _NEAR:
        yield f"Theirs are cut into {_shares(theirs.shares)}, ours into {_shares(ours)}."
    if theirs.whole is None:
        yield _UNTOLD["whole"]
    elif theirs.whole == "images" and not run.cut.mark:
        yield ("Ours is cut by group, so that no patient and no duplicate is in two parts; theirs "
               "by image.")
    elif theirs.whole == "groups" and run.cut.mark:
        yield "Ours is cut by image, so that it leaks; theirs by patient."


def _of_copies(run: Run, theirs: Protocol) -> Iterator[str]:
    ours = _augmented(run)
    if theirs.augmented is None:
        yield _UNTOLD["augmented"]
    elif theirs.augmented == "before the cut":
        yield ("Theirs were augmented before the cut, so that copies of test images were in "
               "training; that, this pipeline never does.")
    elif theirs.augmented != ours:
        words = {"never": "without augmentation", "after the cut": "on augmented images as well"}
        yield f"Theirs were trained {words[theirs.augmented]}, ours {words[ours]}."


def _augmented(run: Run) -> str:
    """Say whether any member trains on augmented copies, which are drawn after the cut alone."""
    changes = [run.settings.of(member).augment.model_dump(exclude={"randaugment_magnitude"})
               for member in run.members]
    return "after the cut" if any(any(of.values()) for of in changes) else "never"


def _of_size(run: Run, theirs: Protocol) -> Iterator[str]:
    sizes = sorted({run.settings.of(member).preprocess.image_size_px for member in run.members})
    if theirs.image_size_px is None:
        yield _UNTOLD["image_size_px"]
    elif sizes != [theirs.image_size_px]:
        yield (f"Our images are {' and '.join(map(str, sizes))} px wide, theirs "
               f"{theirs.image_size_px} px.")


def _shares(shares: tuple[float, ...]) -> str:
    return "/".join(f"{100 * share:.1f}".removesuffix(".0") for share in shares)
