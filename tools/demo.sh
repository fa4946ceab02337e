#!/usr/bin/env bash
# The main job on embedded data: draw scenes, pre-train HPM on them, k-NN, pictures. Run by `make demo`; always a fresh run,
# in the config's own work folder.
#   tools/demo.sh
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
takes_no_arguments "$@"
# shellcheck source=tools/demo_runs.sh
source "$(dirname "${BASH_SOURCE[0]}")/demo_runs.sh"
out=work_dirs/demo/hpm_vit-micro_scenes

echo "[mimseg] drawing the scenes into data/scenes, where they are not there yet"
"$python" tools/make_scenes.py data/scenes --train 5000 --val 500 --size 64 --seed 0 --layouts imagefolder
echo "[mimseg] pre-training HPM (ViT-micro, 64 x 64 scenes, 4 epochs of 156 steps)"
train_anew "$out" configs/demo/hpm_vit-micro_scenes.py

check_made "$out" "the demo"
echo
echo "[mimseg] done. Pictures of what it learned:"
ls "$out"/pictures/*.png
echo "[mimseg] metrics: $out/metrics.json"
