# ruff: noqa: E501, SIM905  (lists of words are read better as text)
"""The words that made-up terms are put together from: parts of medical names, and sentences that medical texts have."""

PREFIXES = (
    "hyper hypo endo peri para epi hemi poly oligo pan meta intra sub retro brady tachy dys eu neo pseudo macro micro "
    "auto iso hetero mono di tri ante post pre supra infra trans ultra anti contra exo ecto meso"
).split()
ROOTS = (
    "metri ovari cardi nephr hepat gastr enter derm oste arthr my neur encephal mening angi phleb arteri hem leuk "
    "erythr thromb lymph splen thyr adren pancre chole cyst ureter urethr prostat orchi salping hyster colp mast ophthalm "
    "blephar kerat retin ot myring rhin laryng trache bronch pneum pleur pulm thorac spondyl chondr tend burs fasci "
    "lip aden glyc lact prote kal natr calc ferr cupr melan xanth cyan chrom cyt kary kine trich onych gloss gingiv "
    "stomat odont esophag duoden jejun ile col appendic proct"
).split()
SUFFIXES = (
    "itis osis oma emia uria algia pathy plasia trophy ectomy otomy ostomy oscopy graphy gram lysis penia philia rrhea "
    "rrhagia sclerosis stenosis spasm ptosis megaly malacia genesis plegia paresis cele"
).split()
QUALIFIERS = (
    "acute chronic subacute recurrent primary secondary idiopathic congenital acquired familial juvenile senile diffuse "
    "focal segmental nodular cystic fibrous atrophic hypertrophic necrotic granulomatous infectious toxic allergic "
    "autoimmune metabolic hormonal luteal follicular menstrual cervical pelvic abdominal thoracic cranial spinal renal "
    "hepatic pulmonary cardiac vascular lymphatic mucosal serous synovial dermal neural bilateral unilateral proximal "
    "distal anterior posterior benign malignant latent transient progressive"
).split()
PLACES = (
    "uterus|cervix|ovary|placenta|breast|kidney|liver|spleen|stomach|small intestine|large intestine|heart|lung|trachea|"
    "brain|spinal cord|retina|cornea|inner ear|skin|thyroid|adrenal cortex|pituitary gland|bone marrow|knee|hip|"
    "shoulder|lower back|pelvic floor|lymph nodes"
).split("|")

# A word of every text, for the search that has to weigh all of them.
EVERYWHERE = "tissue"

DEFINITIONS = (
    "{Title} is a change of the {place} in which the {tissue} is {state} over {time}.",
    "It is told from {other} by the {feature} of the affected tissue and by its course over {time}.",
    "Most people who have it notice {symptom} first, often {time} before it is recognised.",
    "In {group} it is found about {number} times among a thousand, and more often where {other} runs in the family.",
    "It is called mild while the tissue of the {place} keeps its {feature}, and severe once {symptom} is lasting.",
    "The term is used for the finding itself and, more loosely, for the complaints that go with {other}.",
)
ORIGINS = (
    "The name joins the Greek words for the {place} and for what happens in it; it is first met in {year}.",
    "Physicians of the {century} century described it together with {other}, from which it was parted in {year}.",
    "Older books call it after its {feature}, a name that is no longer used because it blames the wrong tissue.",
    "An international panel agreed on the present wording in {year}.",
)
MECHANISMS = (
    "The tissue of the {place} answers to {agent} by becoming {state}, which lowers the {feature} of its cells.",
    "As {agent} rises, receptors are occupied, and within {time} the balance between growth and loss is shifted.",
    "The same pathway is at work in {other}, which explains why both are often seen in {group}.",
    "Where {agent} is given as a treatment, {symptom} eases within {time} in about {number} of a thousand.",
    "Evidence for this comes from studies in {group}; in others it rests on observation and on what is known of {other}.",
    "Once {symptom} has lasted for {time}, the change of the {place} is partly fixed, and {other} may follow.",
)
INSIGHTS = (
    "What is felt as {symptom} is not always {other}: in {group} both occur without one another.",
    "A normal {feature} doesn't rule it out, since the tissue changes only after {time}.",
    "Treatment with {agent} is looked at again after {time}, because its effect on the {place} wears off.",
)
SLOTS = {
    "tissue": "lining tissue|muscle tissue|connective tissue|supporting tissue|glandular tissue".split("|"),
    "state": "thickened|thinned|inflamed|scarred|swollen|overgrown|poorly supplied with blood|slow to heal".split("|"),
    "time": "a few days|two weeks|a month|three cycles|half a year|several years|a night|one to two hours".split("|"),
    "feature": "elasticity|blood flow|thickness|colour|response to hormones|conduction|density|tone".split("|"),
    "symptom": (
        "pain|a dull ache|heavy bleeding|tiredness|shortness of breath|swelling|fever|itching|numbness|a lasting cough|"
        "dizziness|loss of weight"
    ).split("|"),
    "group": (
        "women before the menopause|women after the menopause|adolescents|older adults|pregnant women|newborns|smokers|"
        "people with diabetes|athletes|night workers"
    ).split("|"),
    "agent": (
        "estradiol|progesterone|cortisol|insulin|prolactin|thyroxine|prostaglandins|histamine|vitamin D|iron|interferon|"
        "luteinising hormone"
    ).split("|"),
    "century": ["eighteenth", "nineteenth", "early twentieth"],
}
SURNAMES = (
    "Abara Lindqvist Okafor Hansen Moreau Castellanos Whitfield Novak Takeda Brandt Osei Ferrari Kowalska Duarte Nguyen "
    "Petrov Haddad Sørensen Müller Ó’Brien Yılmaz Fernández Schäfer Ivanova Mbeki Rahman Kaur Chen Park Silva"
).split()
JOURNALS = (
    "Ann Clin Terminol|J Reprod Endocr|Int J Gynaecol Stud|Clin Physiol Lett|Acta Med Descr|Arch Hormone Res|"
    "J Patient Educ|Rev Clin Lang"
).split("|")
TAGS = (
    "menstrual cycle|hormone therapy|pregnancy|fertility|menopause|anatomy|symptoms|diagnosis|treatment|surgery|imaging|"
    "laboratory|genetics|infection|inflammation|pain|bleeding|metabolism|nutrition|sleep|mental health|skin|bones|joints|"
    "heart|blood|lungs|digestion|kidneys|nerves|eyes|ears|children|older age|cancer|medicines|devices|screening|"
    "vaccination|rehabilitation"
).split("|")
