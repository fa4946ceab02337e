"""Parts of ``tools/dev/kill_campaign.py``: what is trained, where it is killed, what must be the same afterwards."""
