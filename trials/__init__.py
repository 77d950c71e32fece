"""The whole path under faults, on virtual time: one seed, one world, one verdict."""
