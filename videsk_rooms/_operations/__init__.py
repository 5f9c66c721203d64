"""Operations on rooms that take several requests."""
