"""Why a checkpoint cannot be read."""


class CheckpointError(Exception):
    """A checkpoint cannot be read; the message is one line that says what to do."""


class MissingCheckpointError(CheckpointError):
    """There is no such file."""


class DamagedCheckpointError(CheckpointError):
    """The file is empty, cut off, or no checkpoint at all."""


class UntrustedCheckpointError(CheckpointError):
    """The file names something that is not on the allow-list, so that loading it could run code."""
