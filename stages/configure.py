"""configure: refuse settings that no stage could use, before any of them runs."""

from pathlib import Path

from stages.sample import ROOT, root_of

from osteon import inference, params, weights
from osteon.errors import UserError, run
from osteon.files import fresh_folder, write_json
from osteon.layouts import require_root
from osteon.params import Params


def main() -> None:
    """Check params.yaml whole, and that there is what it names: data, networks, weights, cards.

    Data that are still to be drawn need not be there.
    """
    settings = params.load()
    _require_data(settings)
    _require_networks(settings)
    if settings.trainer.num_nodes == 1:  # else a launcher starts training, on machines of its own
        inference.require_devices(settings.trainer)
    with fresh_folder(Path("artifacts/configure")) as folder:
        # The same for all settings that can be used, so that a change reruns only what it touches.
        write_json(folder / "settings.json", {"usable": True})


def _require_data(settings: Params) -> None:
    root, kind = Path(settings.dataset.root), settings.sample.kind
    if not root.resolve().is_relative_to(ROOT.resolve()):
        require_root(settings.dataset)
    elif root.resolve() != root_of(kind).resolve():
        raise UserError(f"dataset.root: {root} is not what sample.kind={kind} draws, which is "
                        f"{root_of(kind)}; choose both at once with -S dataset=sample, "
                        "drawn_fracture_types, drawn_bone_density or drawn_fracture")


def _require_networks(settings: Params) -> None:
    probe = settings.audit.backbone or settings.model.members[0]
    for name in dict.fromkeys([*settings.model.members, probe]):
        weights.require(settings.backbones[name].arch, settings.weights)


if __name__ == "__main__":
    run(main)
