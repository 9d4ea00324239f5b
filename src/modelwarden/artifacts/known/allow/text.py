"""What honest pickles use of the text libraries."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "tokenizers tokenizers.models tokenizers.normalizers tokenizers.pre_tokenizers "
        "tokenizers.processors tokenizers.decoders",
        "Tokenizer AddedToken Model Normalizer PreTokenizer PostProcessor Decoder",
        "a tokenizer that is restored from JSON in the pickle",
    ),
    Allow("tokenizers", "*", "a part of a tokenizer", STORED),
    Allow(
        "spacy.util",
        "_get_attr_unless_lookup raise_error ignore_error",
        "looks a word up in tables, or says what to do about an error; stored",
        STORED,
    ),
    Allow(
        "transformers.trainer_utils transformers.training_args "
        "transformers.tokenization_utils_base",
        "IntervalStrategy SchedulerType HubStrategy EvaluationStrategy SaveStrategy "
        "OptimizerNames ParallelMode AddedToken",
        "an enumeration of settings",
    ),
)
