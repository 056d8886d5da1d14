"""Words that mean "something is wrong", in the languages of our examples.

One half of the suspicious detector: these words alone are enough for an alarm, whatever the model
beside them says. An alarm shows a button, it never locks anything, so a false one costs a glance;
a missed one may cost an account.
"""

from __future__ import annotations

import re

from bot.core.ngram import words_of

_SAYINGS = (
    # English
    r"(was|is|were)(nt| not) (me|mine)\b",
    r"not me\b",
    (
        r"i (did|do)(nt| not) (do|start|request|ask|make|initiate|authori[sz]e|recogni[sz]e|trigger|try|"
        r"cause)\b"
    ),
    r"\bhack",
    r"\bphish",
    r"\bscam",
    r"\bfraud",
    r"\bcompromised\b",
    r"\bsuspicious",
    r"\bbreach",
    r"(stole|stolen|knows|has|leaked) (my )?(password|credentials|account)",
    r"(password|credentials) (was|were|got) (stolen|leaked)",
    (
        r"(gave|told|shared|sent|read|forwarded|disclosed) (out )?(my|the|him|her|them|him the|her the|"
        r"them the|it) ?(my |the )?(verification |security |sign in )?(code|number|password|pin|passcode)"
    ),
    (
        r"(code|password|number) (to|with) (a |an |some )?(stranger|caller|someone|somebody|person|him|"
        r"her|them)"
    ),
    r"unknown (device|sign|login|log|method|location|phone|person|number called)",
    r"(never|without) (asked|asking|requested|requesting|started|made|my doing)",
    (
        r"(someone|somebody|stranger|other person|anybody) (else )?(is |was |has |may have |"
        r"might have )?(tr(ying|ied)|us(ing|ed)|got|gained|logged|log|sign(ed|ing)?|access(ed|"
        r"ing)?) (to |in |into |on )?(my|sign|log|access)"
    ),
    r"(fake|malicious|dodgy|strange|weird) (e ?mail|page|site|website|link|call|message|caller)",
    r"sign in (i )?(dont|do not|did not|didnt) (know|recogni[sz]e|make|start)",
    r"by mistake and it was(nt| not)",
    # German
    r"\b(war|bin) (das |es )?(ich )?nicht( ich)?$",
    r"(das|es) war ich nicht",
    r"ich war (das|es) nicht",
    r"nicht (ausgelost|angefordert|veranlasst|gestartet|von mir)",
    r"\bgehackt",
    r"\bbetr(ug|uger|uge)",
    r"\bverdachtig",
    r"\b(geklaut|gestohlen|entwendet)\w*.*(passwort|kennwort|konto|zugang)",
    r"(passwort|kennwort|konto|zugang).*\b(geklaut|gestohlen|missbraucht)",
    r"unbekannte\w* (gerat|anmeldung|methode|person|login)",
    r"code.*\b(weitergegeben|verraten|vorgelesen|genannt)",
    r"jemand (anderes|anders|versucht|hat sich|ist in|nutzt|benutzt)",
    r"fremde\w* (anmeldung|gerat|person)",
    r"falsche\w* (seite|webseite|website|mail)",
    # Spanish, French, Portuguese
    r"\bhacke",
    r"no (he )?(iniciado|solicitado|pedido|solicite|inicie|fui yo)",
    r"\bsospechos",
    r"\bestafa",
    r"\bpirate",
    r"pas (demande|initie|moi qui)",
    r"ce n ?etait pas moi",
    r"\bhameconnage",
    r"\bsuspect",
    r"\binvadid",
    r"nao (fiz|iniciei|solicitei|pedi|fui eu)",
    r"\bsuspeit",
    r"\bgolpe\b",
)
_WITHOUT_SPACES = (
    "乗っ取",
    "不正",
    "身に覚え",
    "自分が始めていない",
    "自分ではない",
    "フィッシング",
    "詐欺",
    "ハッキング",
    "心当たり",
)
_ANY = re.compile("|".join(_SAYINGS))


def alarming(text: str) -> bool:
    """Whether *text* says, in so many words, that somebody else is at work."""
    return bool(_ANY.search(" ".join(words_of(text)))) or any(saying in text for saying in _WITHOUT_SPACES)
