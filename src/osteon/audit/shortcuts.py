"""How far what is not anatomy predicts the label: sizes, borders, intensities, words, file order.

A network may read all of it off a picture or its surroundings. What boosted trees reach with it,
on the same grouped folds as the probes, is what a figure on this data set has to beat.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier
from tqdm import tqdm

from osteon.audit.probes import Floats, Predictions
from osteon.audit.protocols import Fold, Rows
from osteon.records import BORDER, META, SIZE, STATISTICS

ORDER, TOGETHER = "order of the files", "all together"
_WORDS = ["body_part", "view", "laterality"]
_MOST_WORDS = 200  # the trees take 255 categories; rarer ones count as missing


def features(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give each set of columns by its name, those that do not vary left out.

    `table` has the columns of the index. Sets of one kind come first, then what they come to
    together.
    """
    size = table[SIZE].astype(float).assign(aspect=table["width_px"] / table["height_px"])
    kinds = {"size": size, "borders": table[BORDER].astype(float),
             "intensity": table[STATISTICS].astype(float)}
    described = [*_WORDS, *(name for name in table if str(name).startswith(META))]
    metadata = {str(name).removeprefix(META).replace("_", " "): _described(table[name]).to_frame()
                for name in described}
    order = {ORDER: order_of(table).to_frame("order")}
    statistics = _beside(kinds)
    sets = {**kinds, **metadata, **order, "statistics": statistics,
            "statistics and metadata": _beside({"statistics": statistics, **metadata}),
            TOGETHER: _beside({"statistics": statistics, **metadata, **order})}
    varying = {name: found.loc[:, found.nunique(dropna=False) > 1] for name, found in sets.items()}
    return _without_repeats({name: found for name, found in varying.items() if found.shape[1]})


def predict(sets: Mapping[str, pd.DataFrame], targets: Rows, folds: Sequence[Fold], classes: int,
            *, seed: int) -> dict[str, Predictions]:
    """Predict the label from each set of columns alone, by boosted trees, each row out of fold.

    `folds` are of images. Each tree grows on one thread, as with `probes.predict`.
    """
    names = [(name, fold) for name in sets for fold in folds]
    jobs = (delayed(_scores)(sets[name], targets, fold, classes, seed) for name, fold in names)
    found = Parallel(n_jobs=-1, return_as="generator")(jobs)
    scores = list(tqdm(found, total=len(names), desc="shortcuts", unit="fold"))
    rows = np.concatenate([test for _, test in folds])
    return {name: Predictions(rows, np.concatenate(
        [score for (of, _), score in zip(names, scores, strict=True) if of == name]))
        for name in sets}


def baseline(table: pd.DataFrame, targets: Rows, fold: Fold, classes: int, *,
             seed: int) -> tuple[str, Floats] | None:
    """Predict (tested rows, classes) from sizes, borders, grey values and metadata together.

    The order of the files is left out: it belongs to the data set, not to a picture. With the
    scores comes the name of what they rest on; none where nothing varies. `fold` numbers rows of
    `table`, which has the columns of the index.
    """
    sets = features(table)
    names = [name for name in sets if name not in (ORDER, TOGETHER)]
    if not names:
        return None
    return names[-1], _scores(sets[names[-1]], targets, fold, classes, seed)


def order_of(table: pd.DataFrame) -> pd.Series:
    """Number the files by the numbers in their names, compared as numbers; missing without one.

    Where most names repeat (`image1.png` in each study), by the numbers in the patient's name.
    Letters count for nothing, and folders neither: they may spell the label.
    """
    numbers = [_numbers(path) for path in table["path"]]
    if len(set(numbers)) < len(numbers) / 2:
        numbers = [_numbers(patient) for patient in table["patient_id"]]
    ranks = {number: rank for rank, number in enumerate(sorted(set(numbers) - {()}))}
    return pd.Series([ranks.get(number, np.nan) for number in numbers], index=table.index)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", PurePosixPath(name).stem))


def _described(column: pd.Series) -> pd.Series:
    """Take a column of texts as numbers where all of them are, else as words."""
    told = column.mask(column == "")
    numbers = pd.to_numeric(told, errors="coerce")
    if numbers.notna().equals(told.notna()):
        return numbers.astype(float)
    frequent = told.value_counts().index[:_MOST_WORDS]
    return told.where(told.isin(frequent)).astype("category")


def _beside(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(sets.values()), axis=1)


def _without_repeats(sets: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Leave out a set that has the very columns of an earlier one."""
    seen: set[tuple[str, ...]] = set()
    kept = {}
    for name, found in sets.items():
        columns = tuple(map(str, found.columns))
        if columns not in seen:
            kept[name] = found
        seen.add(columns)
    return kept


def _scores(columns: pd.DataFrame, targets: Rows, fold: Fold, classes: int, seed: int) -> Floats:
    train, test = fold
    model = HistGradientBoostingClassifier(random_state=seed, early_stopping=False)
    model.fit(columns.iloc[train], targets[train])
    scores = np.zeros((len(test), classes))
    scores[:, model.classes_] = model.predict_proba(columns.iloc[test])
    return scores
