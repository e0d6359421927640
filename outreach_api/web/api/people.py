"""A resident as an answer shows them: masked, unless a purpose was given."""

from __future__ import annotations

from pydantic import BaseModel, Field

from models.resident import Resident
from models.vocabulary import Audience
from outreach_api.privacy.masking import mask_phone, shown_name


class MaskedResident(BaseModel):
    id: int
    audience: Audience
    name: str = Field(description="Masked; of a firm in full.", examples=["陈*"])
    phone: str | None = Field(description="Masked.", examples=["138****1234"])
    street: str | None
    community: str | None


def masked(resident: Resident | None) -> MaskedResident | None:
    if resident is None:
        return None
    return MaskedResident(
        id=resident.id,
        audience=resident.audience,
        name=shown_name(resident),
        phone=mask_phone(resident.phones[0].phone.number) if resident.phones else None,
        street=resident.street,
        community=resident.community,
    )
