"""tune: Hyperband over a member's head and its training; off unless conf/tune/ says otherwise.

`python -m stages.tune MEMBER --worker` helps a search that is under way, or begins it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from osteon import params, splits, trials
from osteon.errors import UserError, run
from osteon.files import fresh_folder
from osteon.params import Params
from osteon.study import Study, Trial

SPLIT = Path("artifacts/split")


def main() -> None:
    """Read artifacts/split/ and artifacts/preprocess/MEMBER/, write artifacts/ and plots/tune/."""
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    if options not in ([], ["--worker"]):
        raise UserError(f"tune: {' '.join(options)!r} is no option; the only one is --worker")
    common = params.load()
    name = common.require_member([word for word in sys.argv[1:] if word not in options])
    settings = common.of(name)
    if not settings.tune.trials:
        if options:
            raise UserError("tune.trials: 0, so there is no search to help; set it, as by "
                            "-S tune=thesis")
        _write(name, settings, [])
        return
    _search(name, settings, help_only=bool(options))


def _search(name: str, settings: Params, *, help_only: bool) -> None:
    # Here, since torch takes seconds and most runs search for nothing.
    from osteon import member, tuning

    settings = tuning.embeddable(settings)
    pictures = Path(f"artifacts/preprocess/{name}")
    network, weights = member.start(name, settings)
    material = member.read_material(splits.read(SPLIT), pictures, settings.dataset.labels)
    objective = tuning.objective(network, settings, *member.embeddings(
        network, settings, material, Path("runs/embeddings")))
    plan = tuning.plan(
        name, settings, weights, [SPLIT / splits.TABLE, pictures / "pictures.npy"])
    runs = Path("runs/tune", name, plan.name.rpartition("-")[2])
    study = Study(plan, runs, settings.tune.storage)
    if help_only:
        study.work(objective)
        return
    with study.finished(objective) as found:
        _write(name, settings, found)


def _write(name: str, settings: Params, found: Sequence[Trial]) -> None:
    cut = splits.read(SPLIT)
    said = cut.marked({"member": name, **trials.summary(found, settings.train.monitor)})
    with fresh_folder(Path(f"artifacts/tune/{name}")) as folder:
        trials.write(folder, said, found)
    with fresh_folder(Path(f"plots/tune/{name}")) as folder:
        trials.write_plots(folder, found, settings.train, settings.tune, mark=cut.mark)


if __name__ == "__main__":
    run(main)
