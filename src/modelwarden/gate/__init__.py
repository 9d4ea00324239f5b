"""Stages run, reports merged, verdict out: the only room that knows several stages."""
