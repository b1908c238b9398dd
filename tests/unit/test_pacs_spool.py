"""The queue on disk: a study moves on whole, and what a kill leaves is found again."""

import os
import time

import pytest

from osteon.errors import UserError
from osteon.serving.dicom.spool import Spool, images


@pytest.fixture
def spool(tmp_path):
    found = Spool(tmp_path / "spool")
    yield found
    found.close()


def put(spool, study, image, content=b"image"):
    arrived = spool.arriving / "tmp123.dcm"
    arrived.write_bytes(content)
    spool.put(arrived, study, image)


def age(folder, seconds):
    os.utime(folder, (time.time() - seconds,) * 2)


def names(place):
    return sorted(file.name for file in place.iterdir())


def contents(study):
    return [file.read_bytes() for file in images(study)]


def test_a_study_is_complete_once_it_is_quiet(spool):
    put(spool, "1.2", "1.2.1")
    assert spool.completed(30) == []
    [study] = spool.receiving.iterdir()
    age(study, 31)
    assert spool.completed(30) == [study.name] == ["77ac319bfe19"]
    assert [study.name for study in spool.waiting()] == [study.name]
    assert names(spool.arriving) == names(spool.receiving) == []


def test_images_of_a_study_that_is_being_answered_wait(spool):
    put(spool, "1.2", "1.2.1", b"first")
    [name] = spool.completed(0)
    put(spool, "1.2", "1.2.2", b"late")
    assert spool.completed(0) == []
    spool.done(spool.answering / name)
    assert spool.completed(0) == [name]
    assert sorted(contents(spool.answering / name)) == [b"first", b"late"]
    assert names(spool.answered) == []


def test_an_image_sent_anew_replaces_the_old_one(spool):
    put(spool, "1.2", "1.2.1", b"old")
    [name] = spool.completed(0)
    spool.done(spool.answering / name)
    put(spool, "1.2", "1.2.1", b"new")
    spool.completed(0)
    assert contents(spool.answering / name) == [b"new"]


def test_what_an_answer_left_is_cleared_away(spool):
    put(spool, "1.2", "1.2.1")
    [name] = spool.completed(0)
    study = spool.answering / name
    (study / "answer").mkdir()
    spool.count(study, 3)
    assert spool.attempts(study) == 3
    spool.done(study)
    assert len(names(spool.answered / name)) == 1


def test_answered_images_are_deleted_after_a_while(spool):
    put(spool, "1.2", "1.2.1")
    [name] = spool.completed(0)
    spool.done(spool.answering / name)
    spool.forget(60)
    assert names(spool.answered) == [name]
    age(spool.answered / name, 3601)
    spool.forget(60)
    assert names(spool.answered) == []


def test_a_study_set_aside_keeps_its_images_and_the_reason(spool):
    for image in ("1.2.1", "1.2.2"):
        put(spool, "1.2", image)
        [name] = spool.completed(0)
        spool.set_aside(spool.answering / name, "it names two patients")
    aside = spool.aside / name
    assert (aside / "reason.txt").read_text() == "it names two patients\n"
    assert len(images(aside)) == 2
    aside.rename(spool.receiving / name)
    assert spool.completed(0) == [name]
    assert not (spool.answering / name / "reason.txt").exists()


def test_the_remains_of_a_broken_association_go(spool):
    old, fresh = spool.arriving / "old.dcm", spool.arriving / "fresh.dcm"
    old.touch()
    fresh.touch()
    age(old, 601)
    spool.sweep()
    assert names(spool.arriving) == ["fresh.dcm"]


def test_two_nodes_cannot_have_one_queue(spool, tmp_path):
    with pytest.raises(UserError, match="another running node's"):
        Spool(tmp_path / "spool")


def test_a_new_node_finds_what_the_killed_one_had(tmp_path):
    first = Spool(tmp_path / "spool")
    put(first, "1.2", "1.2.1")
    put(first, "1.3", "1.3.1")
    age(next(first.receiving.iterdir()), 100)
    [complete] = first.completed(60)
    (first.arriving / "half.dcm").touch()
    first.close()  # as the kernel does for a process that ends
    second = Spool(tmp_path / "spool")
    assert [study.name for study in second.waiting()] == [complete]
    assert len(names(second.receiving)) == 1
    assert names(second.arriving) == []
    assert (tmp_path / "spool/receiving").stat().st_mode & 0o077 == 0
    second.close()
