"""Every change of the glossary's data, one function per verb that an editor would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from glossary.actions.concerns import NotDismissible, dismiss_concern
from glossary.actions.letters import Post, send_letters
from glossary.actions.presence import mark_absent, mark_present
from glossary.actions.publishing import (
    NotAllowed,
    NotPublishable,
    NotPublished,
    publish_term,
    publish_terms,
    retire_term,
    seal_of,
)
from glossary.actions.reminding import plan_review, remind_of_overdue
from glossary.actions.retracting import RetractionReport, load_retractions
from glossary.actions.reviewing import (
    NotReviewable,
    approve_review,
    comment_on_review,
    contributors,
    restore_revision,
    send_back,
    submit_term,
    withdraw_review,
)
from glossary.actions.saving import (
    DocumentsRefused,
    Saved,
    StaleRevision,
    check_documents,
    document_of,
    documents_of,
    rename_tag,
    save_term,
    save_terms,
    tag_terms,
)
from glossary.actions.scheduling import (
    NotSchedulable,
    Outcome,
    carry_out_due,
    schedule_publication,
    schedule_retirement,
    unschedule,
)

__all__ = [
    "DocumentsRefused",
    "NotAllowed",
    "NotDismissible",
    "NotPublishable",
    "NotPublished",
    "NotReviewable",
    "NotSchedulable",
    "Outcome",
    "Post",
    "RetractionReport",
    "Saved",
    "StaleRevision",
    "approve_review",
    "carry_out_due",
    "check_documents",
    "comment_on_review",
    "contributors",
    "dismiss_concern",
    "document_of",
    "documents_of",
    "load_retractions",
    "mark_absent",
    "mark_present",
    "plan_review",
    "publish_term",
    "publish_terms",
    "remind_of_overdue",
    "rename_tag",
    "restore_revision",
    "retire_term",
    "save_term",
    "save_terms",
    "schedule_publication",
    "schedule_retirement",
    "seal_of",
    "send_back",
    "send_letters",
    "submit_term",
    "tag_terms",
    "unschedule",
    "withdraw_review",
]
