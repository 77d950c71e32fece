"""Trials that a test has time for, in each of which a wrong policy is caught and the right one is not."""

from trials.world import Plan

CAUGHT_SOON = {
    "order_before_record": Plan(0, 4),
    "new_id_per_attempt": Plan(6, 4),
    "record_deleted_on_exception": Plan(6, 4),
    "silence_read_as_rejection": Plan(6, 4),
    "duplicate_read_as_rejection": Plan(19, 4),
    "sent_again_after_restart": Plan(14, 4),
    "expired_without_look_up": Plan(84, 20),
    "expiry_unchecked": Plan(31, 4),
    "claim_read_as_done": Plan(0, 4),
    "reservation_not_released": Plan(9, 4),
    "exit_gated": Plan(22, 20),
    "halt_ignored": Plan(31, 4),
    "failures_swallowed": Plan(13, 20),
    "lease_ignored": Plan(0, 4),
    "no_fencing": Plan(8, 30),
    "reservation_unchecked": Plan(6, 14),
    "halt_not_fenced": Plan(11, 50),
    "outbox_never_sent": Plan(5, 4),
    "published_before_sent": Plan(0, 4),
    "poison_retried": Plan(1, 4),
    "poison_dropped": Plan(1, 4),
    "no_sweep": Plan(1, 8),
    "part_fill_forgotten": Plan(24, 20),
    "left_naked": Plan(1, 4),
    "live_leg_ignored": Plan(10, 4),
    "closed_by_hand_unseen": Plan(3, 4),
    "oversold_left": Plan(4, 4),
    "legs_not_cancelled": Plan(10, 4),
    "guard_before_record": Plan(1, 4),
}
"""By the policy's name; the trial that `make prove` has recorded is played where this one does not catch it."""
