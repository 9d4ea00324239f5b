"""What a stage is; the words are `core`'s, since several rooms have stages."""

from modelwarden.core.stages import RowMark, Stage, StageResult

__all__ = ["RowMark", "Stage", "StageResult"]
