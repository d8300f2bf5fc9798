"""The card account and its issuer, as codes to be mapped."""

from ...core.documents import Reference

CARD = Reference(kind="journal", external_id="card", name="Ramp card")
ISSUER = Reference(kind="vendor", external_id="card-issuer", name="Card issuer (Ramp)")
"""The contact that bills the cards."""
