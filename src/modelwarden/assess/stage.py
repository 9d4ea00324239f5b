"""What a stage is; the words are `core`'s, since several rooms have stages."""

from modelwarden.core.stages import Attachment, RowMark, Stage, StageResult

__all__ = ["Attachment", "RowMark", "Stage", "StageResult"]
