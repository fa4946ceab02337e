"""Building runs from configs: what tools/train.py and tools/test.py do."""
