"""One page over many reports: which models there are, how they stand, and what gets better."""

from modelwarden.report.portfolio.collect import Portfolio, collect
from modelwarden.report.portfolio.page import render_page

__all__ = ["Portfolio", "collect", "render_page"]
