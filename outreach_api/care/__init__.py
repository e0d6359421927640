"""The care list: whom street and community look after, and what they found."""
