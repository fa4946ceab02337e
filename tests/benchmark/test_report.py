import pytest

from mimseg.benchmark import as_markdown, as_tables


def row(model, **changes):
    return {
        "model": model,
        "precision": "fp32",
        "image_size": [224, 224],
        "ms": 2000.0,
        "ms_quartiles": [1900.0, 2100.0],
        "images_per_second": 4.0,
        "time_ratio": 1.0,
        "flops_ratio": 1.0,
        "speed_over_best_peer": 1.25,
        "activation_mib_per_image": 77.8,
        "peak_device_mib": None,
        "gflops": 460.0,
        "gflops_by_part": {"encoder": 160.0, "backward": 300.0},
        "share_by_part": {"encoder": 0.3, "backward": 0.6, "optimizer": 0.1},
        "loading_ms": None,
        "random_teachers": [],
        "ratio": None,
        **changes,
    }


@pytest.fixture
def report():
    return {
        "setting": {
            "command": "python tools/benchmark.py a.py",
            "device": "A Processor",
            "bf16_instructions": False,
            "threads": 2,
            "python": "3.11.7",
            "packages": {"torch": "2.11.0"},
            "image_size": [224, 224],
            "batch_size": 8,
            "steps": 7,
            "images": None,
        },
        "results": [row("a.py", loading_ms=100.0), row("peer", image_size=[192, 192], speed_over_best_peer=None)],
        "left_out": ["other: is not installed"],
        "peak_rss_mib": 5000.0,
        "hog": None,
    }


def test_the_page_says_where_how_and_what(report):
    page = as_markdown(report)
    assert "`python tools/benchmark.py a.py`" in page
    assert "A Processor (without bf16 instructions), 2 threads" in page and "torch 2.11.0" in page
    assert "| a.py | 4.00 | 2000 (1900 to 2100) | 1.00x | 1.25x | 77.8 |" in page
    assert "| peer at 192x192 | 4.00 | 2000 (1900 to 2100) | 1.00x | – | 77.8 |" in page
    assert "| a.py | 30.0% | 60.0% | 10.0% | 5.0% |" in page  # 100 ms of loading beside a step of 2000
    assert "| peer | 30.0% | 60.0% | 10.0% | left out |" in page
    assert "| a.py | 160.0 | 300.0 | 460.0 | 1.00x | 230 |" in page  # 460 GFLOPs in 2 seconds
    assert "- other: is not installed" in page


def test_the_teachers_share_of_a_step_is_printed(report):
    report["results"][1] = row("gpa.py", gflops_by_part={"teacher": 115.0, "encoder": 160.0, "backward": 185.0})
    page = as_markdown(report)
    assert "| model | teacher | encoder | backward | sum | teacher's share | to first | GFLOP/s reached |" in page
    assert "| a.py | – | 160.0 | 300.0 | 460.0 | – | 1.00x | 230 |" in page
    assert "| gpa.py | 115.0 | 160.0 | 185.0 | 460.0 | 25.0% | 1.00x | 230 |" in page


def test_adaptive_ratios_have_a_table_where_there_are_some(report):
    assert "daptive" not in as_markdown(report)
    adaptive = {"ratio": {"mean": 0.6543, "min": 0.602, "max": 0.811}, "time_to_twin": 1.077, "flops_to_twin": 1.0341}
    report["results"][0] |= adaptive
    page = as_markdown(report)
    assert "## Adaptive mask ratios, fp32" in page
    assert "| a.py | 0.654 | 0.602 | 0.811 | 1.08x | 1.03x |" in page
    assert page.count("--images") == 1  # random numbers say little about ratios
    report["setting"]["images"] = "photos"
    page = as_markdown(report)
    assert "images of photos" in page and "--images" not in page


def test_teachers_with_random_weights_are_named(report):
    assert "random weights" not in as_markdown(report)
    report["results"] = [row("gpa.py", precision=name, random_teachers=["mae"]) for name in ("fp32", "bf16")]
    (line,) = [line for line in as_markdown(report).splitlines() if "random weights" in line]
    assert line.count("mae of gpa.py") == 1


def test_notes_written_by_hand_survive_the_next_run(report):
    first = as_markdown(report) + "\n## Where the time goes\n\nInto products.\n"
    report["results"][0]["ms"] = 1234.0
    second = as_markdown(report, first)
    assert "1234 (1900 to 2100)" in second
    assert second.endswith("\n## Where the time goes\n\nInto products.\n")
    assert as_markdown(report, second) == second


def test_precisions_are_apart_and_device_memory_shows_where_there_is_a_device(report, capsys):
    report["results"] = [row("a.py"), row("a.py", precision="bf16", peak_device_mib=4321.0)]
    for table in as_tables(report):
        table.show()
    text = capsys.readouterr().out
    assert "Speed and memory, fp32" in text and "Speed and memory, bf16" in text
    assert text.count("peak device memory") == 1 and "4321" in text


def test_hog_is_compared_where_it_was_timed(report):
    assert "HOG of" not in as_markdown(report)
    report["hog"] = {"batch": 8, "ms": {"ours": 10.0, "theirs": 55.0}}
    page = as_markdown(report)
    assert "## HOG of 8 images of 224x224, fp32" in page
    assert "| ours | 10.0 | 5.50x |" in page and "| theirs | 55.0 | 1.00x |" in page


def test_sizes_of_configs_are_told(report):
    assert "224x224 random images, batch 8" in as_markdown(report)
    report["setting"]["image_size"] = None
    assert "random images of each config's own size, batch 8" in as_markdown(report)
