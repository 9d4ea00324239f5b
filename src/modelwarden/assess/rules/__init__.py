"""Rules of the assessment: one module a rule; each decides over facts that a stage established."""
