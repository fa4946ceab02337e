from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mimseg.apis import load_config
from mimseg.benchmark.moments import GivenRatio, moments_of
from mimseg.benchmark.teachers import random_teachers
from mimseg.registry import MODELS

ROOT = Path(__file__).parents[2]


def moments(name: str, **changes):
    cfg = load_config(ROOT / "configs" / name)
    cfg.merge_from_dict(changes)
    init_default_scope("mimseg")
    with torch.device("meta"), random_teachers(cfg.model) as (settings, _):
        return moments_of(name, cfg, MODELS.build(settings))


def test_an_unchanging_schedule_has_one_kind_of_step():
    (moment,) = moments("mae/vitb_200e.py")
    assert (moment.epoch, moment.size, moment.batch_size) == (0, (224, 224), 512)
    assert moment.tasks == ("reconstruct",)


def test_pass_trains_its_predictor_from_epoch_17_on():
    """Selections come before epochs 20, 40 ... (0-based), the predictor is trained in the 3 epochs before."""
    without, trained = moments("pass/mae-vitb_200e.py")
    assert (without.epoch, without.tasks) == (0, ("reconstruct",))
    assert (trained.epoch, trained.tasks) == (17, ("reconstruct", "predict_loss"))


def test_every_stage_of_fastmim_p_is_a_kind():
    """Epochs of appendix A.3.2: 200 at 128 px, 100 at 160 px, 100 at 192 px."""
    found = [(m.epoch, m.size, m.batch_size, m.accumulative_counts) for m in moments("fastmim/swinl-p_400e.py")]
    assert found == [(0, (128, 128), 256, 1), (200, (160, 160), 128, 2), (300, (192, 192), 128, 2)]


def test_an_adaptive_ratio_is_counted_at_both_ends():
    assert [m.ratio for m in moments("sbam/mae-vitb_400e_amr.py")] == [pytest.approx(0.6), pytest.approx(0.9)]


def test_the_steps_that_a_score_adds_to_are_told():
    """Salience from a quarter of 400 epochs on: progress (e + 1) / 400 passes .25 in epoch 100."""
    (moment,) = moments("sbam/ablations/start100.py")
    assert (moment.epoch, moment.scored) == (100, True)
    (moment,) = moments("hpm/vitb_200e.py")
    assert moment.epoch > 0 and moment.scored


def test_random_masks_before_an_adaptive_ratio_are_a_kind_of_their_own():
    changes = {"model.masking.policy.start": 0.25, "schedule.epochs": 400}
    found = [(m.epoch, m.ratio) for m in moments("sbam/mae-vitb_400e_amr.py", **changes)]
    assert found == [(0, None), (100, pytest.approx(0.6)), (100, pytest.approx(0.9))]


def test_tasks_that_take_turns_are_kinds_of_their_own():
    found = [m.tasks for m in moments("gpa/ablations/alternating.py")]
    assert found == [("reconstruct",), ("attention",)]


def test_what_does_not_train_is_refused():
    with pytest.raises(ValueError, match=r"knn/vitb\.py does not train"):
        moments_of("knn/vitb.py", load_config(ROOT / "configs" / "knn" / "vitb.py"), None)


def test_another_batch_keeps_the_images_of_a_step():
    (moment,) = moments("mae/vitb_200e.py")
    smaller = moment.with_batch(128)
    assert (smaller.batch_size, smaller.accumulative_counts) == (128, 4)


def test_a_given_ratio_hides_as_many_of_every_image():
    init_default_scope("mimseg")
    adaptive = MODELS.build(Config(dict(type="AdaptiveRatio", ratio=0.75, spread=0.15)))
    ratio = GivenRatio(adaptive, 0.6)
    assert ratio(196, torch.zeros(3, 196)).tolist() == [118] * 3  # 196 - int(196 * .4) = 196 - 78
    assert ratio(196) == 147
