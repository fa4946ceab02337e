#!/usr/bin/env bash
# The main job on embedded data: draw scenes, pre-train HPM on them, k-NN, pictures. Run by `make demo`; always a fresh run.
#   tools/demo.sh
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
takes_no_arguments "$@"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=.venv/bin/python
out=work_dirs/demo

echo "[mimseg] drawing the scenes into data/scenes, where they are not there yet"
"$python" tools/make_scenes.py data/scenes --train 5000 --val 500 --size 64 --seed 0 --layouts imagefolder
if [ -e "$out" ]; then
    echo "[mimseg] removing the last demo's $out"
    rm -rf "$out"
fi
echo "[mimseg] pre-training HPM (ViT-micro, 64 x 64 scenes, 4 epochs of 156 steps)"
"$python" tools/train.py configs/demo/hpm_vit-micro_scenes.py --work-dir "$out"

for made in "$out/metrics.json" "$out/pictures"; do
    [ -e "$made" ] || { echo "[mimseg] the demo ended without $made: see the log in $out" >&2; exit 1; }
done
echo
echo "[mimseg] done. Pictures of what it learned:"
ls "$out"/pictures/*.png
echo "[mimseg] metrics: $out/metrics.json"
