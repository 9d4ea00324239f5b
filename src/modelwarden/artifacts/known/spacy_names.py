"""What a configuration of spaCy may name: functions in registries, and factories of components.

Sources: `spacy/registrations.py` and `spacy/util.py` of spaCy 3.8, `thinc/config.py` of Thinc 8.3.
"""

from __future__ import annotations

import re

# Packages of the makers of spaCy, by the first word of the names that they register.
_OWN = frozenset(
    "spacy spacy-legacy spacy-loggers spacy-transformers spacy-curated-transformers spacy-llm "
    "spacy-experimental spacy-huggingface-pipelines spacy-lookups-data spacy-pkuseg srsly "
    "curated-transformers".split()
)
# Thinc registers its own under one word and a version: `Adam.v1`, `compounding.v1`.
_THINC = re.compile(r"[A-Za-z]\w*\.v\d+")
_THINC_REGISTRIES = frozenset("optimizers schedules layers losses initializers datasets".split())
_FACTORIES = frozenset(
    "attribute_ruler beam_ner beam_parser curated_transformer doc_cleaner entity_linker "
    "entity_ruler experimental_char_ner_tokenizer experimental_coref experimental_span_resolver "
    "experimental_span_cleaner experimental_edit_tree_lemmatizer experimental_arc_predicter "
    "experimental_arc_labeler experimental_biaffine_parser future_entity_ruler lemmatizer llm "
    "llm_ner llm_rel llm_spancat llm_textcat llm_lemma llm_sentiment llm_summarization llm_raw "
    "llm_entitylinker llm_translation merge_entities merge_noun_chunks merge_subtokens "
    "morphologizer ner nn_labeller parser sentencizer senter span_cleaner span_finder span_ruler "
    "spancat spancat_singlelabel tagger textcat textcat_multilabel tok2vec token_splitter "
    "trainable_lemmatizer transformer hf_text_pipe hf_token_pipe sentence_recognizer "
    "set_all_sentence_ends".split()
)


def registered(registry: str, name: str) -> bool:
    """Tell whether a function in a registry is one of spaCy's or Thinc's own.

    >>> registered("architectures", "spacy.Tok2Vec.v2"), registered("optimizers", "Adam.v1")
    (True, True)
    >>> registered("callbacks", "run.v1")
    False
    """
    if name.partition(".")[0] in _OWN:
        return True
    return registry in _THINC_REGISTRIES and _THINC.fullmatch(name) is not None


def makes(factory: str) -> bool:
    """Tell whether a component is made by spaCy's own packages, of whatever language."""
    return factory.rpartition(".")[2] in _FACTORIES
