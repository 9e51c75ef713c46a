"""A small glossary made to be searched: names that begin alike, mention one another, and are spelled in many ways."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from glossary.actions import publish_terms, save_terms
from glossary.document.documents import TermDocument
from glossary.models import Program
from tests.glossary.builders import document


def term(title: str, definition: str, *synonyms: str, tags: tuple[str, ...] = (), **fields: Any) -> TermDocument:
    """Return a document. A synonym may name its kind behind a colon: ``PCOS:abbreviation``."""
    named = [dict(zip(("text", "kind"), synonym.split(":"), strict=False)) for synonym in synonyms]
    return document(title, definition=f"<p>{definition}</p>", synonyms=named, tags=list(tags), **fields)


CORPUS = (
    term("Cycle", "What comes round again.", tags=("cycle",)),
    term("Cycle disorders", "Bleeding too often, too seldom or too long.", tags=("cycle", "symptoms")),
    term("Cyclist’s palsy", "A nerve of the hand under pressure, in people who ride bicycles."),
    term("Cyclophosphamide", "An alkylating drug. It may end the menstrual cycle.", tags=("drugs",)),
    term("Menstruation", "Monthly bleeding from the uterus.", "Menses", "cycle", "period", tags=("cycle",)),
    term("Luteal phase", "The second half of the menstrual cycle.", "Secretory phase", tags=("cycle",)),
    term(
        "Luteal phase deficiency", "A luteal phase with too little progesterone.", "LPD:abbreviation", tags=("cycle",)
    ),
    term("Follicular phase", "The first half of the menstrual cycle, before ovulation.", tags=("cycle",)),
    term("Progesterone", "A steroid hormone of the corpus luteum.", "P4:abbreviation", tags=("hormones",)),
    term(
        "Progesterone support",
        "Giving progesterone in the luteal phase.",
        "Luteal phase support",
        "LPS:abbreviation",
        "gestagen support:former",
        tags=("drugs",),
    ),
    term(
        "Estradiol",
        "The most potent estrogen.",
        "E2:abbreviation",
        "Oestradiol:variant",
        "17β-estradiol:variant",
        tags=("hormones",),
    ),
    term(
        "Estrogen receptor", "A protein through which estrogens act.", "ER:abbreviation", "Oestrogen receptor:variant"
    ),
    term("β-Carotene", "A pigment of carrots, made into vitamin A.", "Beta carotene:variant"),
    term("Alpha-fetoprotein", "A protein of the fetal liver, and of some tumors.", "AFP:abbreviation", tags=("tests",)),
    term("Gamma-aminobutyric acid", "The main inhibitory transmitter of the brain.", "GABA:abbreviation"),
    term("TGF-β", "A growth factor that slows cells and scars tissue.", "Transforming growth factor beta"),
    term("B cell", "A lymphocyte that makes antibodies.", "B lymphocyte"),
    term("Beta cell", "A cell of the pancreatic islets that makes insulin.", tags=("metabolism",)),
    term("Vitamin B12", "A vitamin with cobalt. Its lack causes anaemia.", "Cobalamin"),
    term("Anti-Müllerian hormone", "A hormone of small follicles.", "AMH:abbreviation", tags=("hormones", "tests")),
    term("Polycystic ovary syndrome", "Cycles that fail and too much androgen.", "PCOS:abbreviation", tags=("cycle",)),
    term("Menopause", "The permanent end of menstruation.", "The change of life", tags=("menopause",)),
    term("Perimenopause", "The years around menopause.", "Climacteric", tags=("menopause",)),
    term("Hot flush", "Sudden warmth, in menopause.", "Hot flash:variant", tags=("menopause", "symptoms")),
    term("Haemoglobin", "The protein that carries oxygen in red blood cells.", "Hb:abbreviation", tags=("tests",)),
    term("Anaemia", "Too little haemoglobin in the blood.", "Anemia:variant", tags=("symptoms",)),
    term("Oedema", "Swelling by fluid in the tissue.", tags=("symptoms",)),
    term("Leukaemia", "A cancer of the blood-forming cells.", tags=("cancer",)),
    term("Tumour", "A swelling, or a growth of abnormal cells. It may be benign.", "Neoplasm", tags=("cancer",)),
    term("Tumor marker", "A substance in the blood that a tumour makes.", tags=("cancer", "tests")),
    term("CA-125", "A tumour marker of the ovary.", "Cancer antigen 125", tags=("cancer", "tests")),
    term("HER2", "A receptor on some breast cancers.", "Human epidermal growth factor receptor 2", tags=("cancer",)),
    term("Randomised trial", "A study that leaves to chance who gets which treatment."),
    term("Bone remodelling", "The resorption and the forming of bone.", "Bone turnover", tags=("metabolism",)),
    term("X-ray", "A picture by rays that bone stops.", "Radiograph", tags=("tests",)),
    term("Diagnosis", "Finding out which disease it is."),
    term("Metastasis", "The spread of a cancer. Metastases often grow in bone.", "Secondary tumour", tags=("cancer",)),
    term("Vertebra", "One of the bones of the spine."),
    term("Ovum", "The female germ cell.", "Egg cell", tags=("cycle",)),
    term("Alzheimer’s disease", "The commonest cause of dementia.", "Alzheimer disease:variant"),
    term("Stein–Leventhal syndrome", "A former name of polycystic ovary syndrome, with its own history."),
    term("Diarrhoea", "Loose stools, often.", tags=("symptoms",)),
    term("Fibromyalgia", "Widespread pain in muscles.", tags=("symptoms",)),
    term("Haemorrhage", "Heavy bleeding.", tags=("symptoms",)),
    term("Body mass index", "Weight in kilograms by height in metres, squared.", "BMI:abbreviation"),
    term("3-day cycle", "A cycle of three days.", tags=("cycle",)),
    term("Эстроген", "Женский половой гормон.", slug="estrogen-ru"),
    term("عدوى", "دخول كائن دقيق إلى الجسم.", slug="infection-ar"),
    term("मधुमेह", "रक्त में शर्करा का बढ़ना।", slug="diabetes-hi"),
)


def publish_corpus(*documents: TermDocument, by: User, at: datetime) -> None:
    """Publish documents, those of :data:`CORPUS` when none are given."""
    terms = [saved.term for saved in save_terms(documents=documents or CORPUS, by=by, at=at)]
    publish_terms(terms=terms, by=Program("Test"), at=at, emergency=True, reason="Test")
