"""Every change of the glossary's data, one function per verb that an editor would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from glossary.actions.checking import DocumentsRefused
from glossary.actions.concerns import NotDismissible, dismiss_concern
from glossary.actions.counting import Counted, count_names, look_at_names_again
from glossary.actions.describing import NotDescribable, describe_tag
from glossary.actions.emails import Post, send_emails
from glossary.actions.linking import switch_links
from glossary.actions.listing import recount_lists
from glossary.actions.missing import count_missing, dismiss_missing, forget_missing
from glossary.actions.presence import mark_absent, mark_present
from glossary.actions.publishable import NotPublishable, approval_of
from glossary.actions.publishing import (
    NotAllowed,
    NotASuccessor,
    NotPublished,
    publish_term,
    publish_terms,
    retire_term,
)
from glossary.actions.reminding import plan_review, remind_of_overdue
from glossary.actions.retracting import RetractionReport, load_retractions
from glossary.actions.reviewing import (
    NotReviewable,
    approve_review,
    comment_on_review,
    contributors,
    is_discussed,
    restore_revision,
    send_back,
    submit_term,
    withdraw_review,
)
from glossary.actions.saving import (
    Saved,
    StaleRevision,
    check_documents,
    document_of,
    documents_of,
    save_term,
    save_terms,
)
from glossary.actions.scheduling import (
    NotSchedulable,
    Outcome,
    carry_out_due,
    schedule_publication,
    schedule_retirement,
    unschedule,
)
from glossary.actions.searching import reindex_search
from glossary.actions.tagging import rename_tag, replace_tag, tag_terms, untag_terms

__all__ = [
    "Counted",
    "DocumentsRefused",
    "NotASuccessor",
    "NotAllowed",
    "NotDescribable",
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
    "approval_of",
    "approve_review",
    "carry_out_due",
    "check_documents",
    "comment_on_review",
    "contributors",
    "count_missing",
    "count_names",
    "describe_tag",
    "dismiss_concern",
    "dismiss_missing",
    "document_of",
    "documents_of",
    "forget_missing",
    "is_discussed",
    "load_retractions",
    "look_at_names_again",
    "mark_absent",
    "mark_present",
    "plan_review",
    "publish_term",
    "publish_terms",
    "recount_lists",
    "reindex_search",
    "remind_of_overdue",
    "rename_tag",
    "replace_tag",
    "restore_revision",
    "retire_term",
    "save_term",
    "save_terms",
    "schedule_publication",
    "schedule_retirement",
    "send_back",
    "send_emails",
    "submit_term",
    "switch_links",
    "tag_terms",
    "unschedule",
    "untag_terms",
    "withdraw_review",
]
