"""What customers of the demo's history say about the service, in Brazilian Portuguese."""

ANSWERS = {
    1: ("😡", "1", "péssimo", "nota 1", "horrível"),
    2: ("😕", "2", "ruim", "nota 2", "deixou a desejar"),
    3: ("😐", "3", "regular", "mais ou menos", "nota 3"),
    4: ("🙂", "4", "bom", "gostei", "👍", "nota 4", "foi bom o atendimento"),
    5: (
        "🤩",
        "5",
        "ótimo",
        "excelente",
        "nota 5",
        "🤩🤩",
        "⭐⭐⭐⭐⭐",
        "ótimo atendimento, obrigada",
    ),
}
"""By score. The product reads the score out of each without a model."""
REACTIONS = {1: "😡", 2: "👎", 3: "😐", 4: "👍", 5: "❤️"}
"""Reactions to the request, by score."""
EVALUATIONS: tuple[tuple[str, int | None], ...] = (
    ("resolveu rapidinho", 5),
    ("me ajudaram direitinho", 5),
    ("atenderam bem", 4),
    ("resolveram, mas podia ser mais rápido", 3),
    ("demorou demais", 2),
    ("atendimento normal", None),
    ("foi o que eu esperava", None),
)
"""Answers that only a model understands, with the score that it finds."""
THANKS = ("obrigada!", "obrigado", "valeu 👍", "muito obrigada")
"""Comments that only thank."""
PRAISE_OF_AGENT = (
    "{agent} foi super paciente comigo",
    "explicou tudo com calma, parabéns",
    "resolveu de primeira",
    "gente educada e que sabe o que faz",
)
PRAISE_OF_ASSISTANT = (
    "nem precisei ligar, muito prático",
    "o boleto chegou na hora",
    "gostei de resolver tudo por aqui",
    "respondeu na mesma hora",
)
MIXED = (
    "resolveu, mas tive que explicar duas vezes",
    "poderia ser mais rápido",
    "o atendimento foi bom, o problema é que sempre volta",
)
REASONS_ABOUT_AGENT = (
    "esperei muito até alguém me responder",
    "me passaram de um setor para outro",
    "não resolveu, só mandou aguardar",
    "achei o atendimento frio",
)
REASONS_ABOUT_ASSISTANT = (
    "o robô não entendia o que eu queria",
    "queria falar com uma pessoa e não consegui",
    "resposta automática não resolve nada",
)
REASONS_IN_OUTAGE = (
    "fiquei a tarde toda sem internet e ninguém avisou",
    "trabalho em casa e perdi o dia",
    "toda vez que chove é a mesma coisa",
    "disseram que voltava e não voltou",
)
"""Why a score is low: because of an agent, of the assistant, or of an outage."""
