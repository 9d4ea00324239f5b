"""`bom`: a bill of materials of a model, and the difference between two.

    scan ──▶ Bill ──▶ CycloneDX 1.6 or 1.7 │ SPDX 3.0.1 │ OpenVEX 0.2.0

The same files, options and advisories give the same bytes.
"""

from modelwarden.gate.bom.make import FORMS, bill, document

__all__ = ["FORMS", "bill", "document"]
