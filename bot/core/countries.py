"""Countries by ISO 3166-1 code and by the names people use, English and German (Unicode CLDR names).

A line is the two-letter code, then the three-letter code and names. Nothing here is political: a name
is listed because somebody might type it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_TABLE = """\
AD | AND | Andorra
AE | ARE | United Arab Emirates | Vereinigte Arabische Emirate | UAE | Emirates | VAE
AF | AFG | Afghanistan
AG | ATG | Antigua & Barbuda | Antigua und Barbuda
AI | AIA | Anguilla
AL | ALB | Albania | Albanien
AM | ARM | Armenia | Armenien
AO | AGO | Angola
AQ | ATA | Antarctica | Antarktis
AR | ARG | Argentina | Argentinien
AS | ASM | American Samoa | Amerikanisch-Samoa
AT | AUT | Austria | Österreich
AU | AUS | Australia | Australien
AW | ABW | Aruba
AX | ALA | Åland Islands | Ålandinseln
AZ | AZE | Azerbaijan | Aserbaidschan
BA | BIH | Bosnia & Herzegovina | Bosnien und Herzegowina
BB | BRB | Barbados
BD | BGD | Bangladesh | Bangladesch
BE | BEL | Belgium | Belgien
BF | BFA | Burkina Faso
BG | BGR | Bulgaria | Bulgarien
BH | BHR | Bahrain
BI | BDI | Burundi
BJ | BEN | Benin
BL | BLM | St. Barthélemy
BM | BMU | Bermuda
BN | BRN | Brunei | Brunei Darussalam
BO | BOL | Bolivia | Bolivien
BQ | BES | Caribbean Netherlands | Karibische Niederlande
BR | BRA | Brazil | Brasilien
BS | BHS | Bahamas
BT | BTN | Bhutan
BV | BVT | Bouvet Island | Bouvetinsel
BW | BWA | Botswana | Botsuana
BY | BLR | Belarus | Weißrussland
BZ | BLZ | Belize
CA | CAN | Canada | Kanada
CC | CCK | Cocos (Keeling) Islands | Kokosinseln
CD | ZAR | Congo - Kinshasa | Kongo-Kinshasa | DR Congo | DR Kongo | Democratic Republic of the Congo
CF | CAF | Central African Republic | Zentralafrikanische Republik
CG | COG | Congo - Brazzaville | Kongo-Brazzaville | Republic of the Congo
CH | CHE | Switzerland | Schweiz | Swiss Confederation
CI | CIV | Côte d’Ivoire | Ivory Coast | Elfenbeinküste
CK | COK | Cook Islands | Cookinseln
CL | CHL | Chile
CM | CMR | Cameroon | Kamerun
CN | CHN | China
CO | COL | Colombia | Kolumbien
CR | CRI | Costa Rica
CU | CUB | Cuba | Kuba
CV | CPV | Cape Verde | Cabo Verde
CW | CUW | Curaçao
CX | CXR | Christmas Island | Weihnachtsinsel
CY | CYP | Cyprus | Zypern
CZ | CZE | Czechia | Tschechien | Czech Republic | Tschechische Republik
DE | DEU | Germany | Deutschland
DJ | DJI | Djibouti | Dschibuti
DK | DNK | Denmark | Dänemark
DM | DMA | Dominica
DO | DOM | Dominican Republic | Dominikanische Republik
DZ | DZA | Algeria | Algerien
EC | ECU | Ecuador
EE | EST | Estonia | Estland
EG | EGY | Egypt | Ägypten
EH | ESH | Western Sahara | Westsahara
ER | ERI | Eritrea
ES | ESP | Spain | Spanien
ET | ETH | Ethiopia | Äthiopien
FI | FIN | Finland | Finnland
FJ | FJI | Fiji | Fidschi
FK | FLK | Falkland Islands | Falklandinseln
FM | FSM | Micronesia | Mikronesien
FO | FRO | Faroe Islands | Färöer
FR | FXX | France | Frankreich
GA | GAB | Gabon | Gabun
GB | GBR | United Kingdom | Vereinigtes Königreich | UK | Great Britain | Britain | Großbritannien
GB | England | Scotland | Schottland | Wales | Northern Ireland | Nordirland
GD | GRD | Grenada
GE | GEO | Georgia | Georgien
GF | GUF | French Guiana | Französisch-Guayana
GG | GGY | Guernsey
GH | GHA | Ghana
GI | GIB | Gibraltar
GL | GRL | Greenland | Grönland
GM | GMB | Gambia
GN | GIN | Guinea
GP | GLP | Guadeloupe
GQ | GNQ | Equatorial Guinea | Äquatorialguinea
GR | GRC | Greece | Griechenland
GS | SGS | South Georgia & South Sandwich Islands | Südgeorgien und die Südlichen Sandwichinseln
GT | GTM | Guatemala
GU | GUM | Guam
GW | GNB | Guinea-Bissau
GY | GUY | Guyana
HK | HKG | Hong Kong | Hongkong
HM | HMD | Heard & McDonald Islands | Heard und McDonaldinseln
HN | HND | Honduras
HR | HRV | Croatia | Kroatien
HT | HTI | Haiti
HU | HUN | Hungary | Ungarn
ID | IDN | Indonesia | Indonesien
IE | IRL | Ireland | Irland | Republic of Ireland
IL | ISR | Israel
IM | IMN | Isle of Man
IN | IND | India | Indien
IO | IOT | British Indian Ocean Territory | Britisches Territorium im Indischen Ozean
IQ | IRQ | Iraq | Irak
IR | IRN | Iran
IS | ISL | Iceland | Island
IT | ITA | Italy | Italien
JE | JEY | Jersey
JM | JAM | Jamaica | Jamaika
JO | JOR | Jordan | Jordanien
JP | JPN | Japan
KE | KEN | Kenya | Kenia
KG | KGZ | Kyrgyzstan | Kirgisistan
KH | KHM | Cambodia | Kambodscha
KI | KIR | Kiribati
KM | COM | Comoros | Komoren
KN | KNA | St. Kitts & Nevis | St. Kitts und Nevis
KP | PRK | North Korea | Nordkorea
KR | KOR | South Korea | Südkorea | Korea
KW | KWT | Kuwait
KY | CYM | Cayman Islands | Kaimaninseln
KZ | KAZ | Kazakhstan | Kasachstan
LA | LAO | Laos | Lao
LB | LBN | Lebanon | Libanon
LC | LCA | St. Lucia
LI | LIE | Liechtenstein
LK | LKA | Sri Lanka
LR | LBR | Liberia
LS | LSO | Lesotho
LT | LTU | Lithuania | Litauen
LU | LUX | Luxembourg | Luxemburg
LV | LVA | Latvia | Lettland
LY | LBY | Libya | Libyen
MA | MAR | Morocco | Marokko
MC | MCO | Monaco
MD | MDA | Moldova | Republik Moldau | Moldavia | Moldau | Moldawien
ME | MNE | Montenegro
MF | MAF | St. Martin
MG | MDG | Madagascar | Madagaskar
MH | MHL | Marshall Islands | Marshallinseln
MK | MKD | North Macedonia | Nordmazedonien | Macedonia | Mazedonien
ML | MLI | Mali
MM | MMR | Myanmar (Burma) | Myanmar | Burma | Birma
MN | MNG | Mongolia | Mongolei
MO | MAC | Macao | Macau
MP | MNP | Northern Mariana Islands | Nördliche Marianen
MQ | MTQ | Martinique
MR | MRT | Mauritania | Mauretanien
MS | MSR | Montserrat
MT | MLT | Malta
MU | MUS | Mauritius
MV | MDV | Maldives | Malediven
MW | MWI | Malawi
MX | MEX | Mexico | Mexiko
MY | MYS | Malaysia
MZ | MOZ | Mozambique | Mosambik
NA | NAM | Namibia
NC | NCL | New Caledonia | Neukaledonien
NE | NER | Niger
NF | NFK | Norfolk Island | Norfolkinsel
NG | NGA | Nigeria
NI | NIC | Nicaragua
NL | NLD | Netherlands | Niederlande | Holland
NO | NOR | Norway | Norwegen
NP | NPL | Nepal
NR | NRU | Nauru
NU | NIU | Niue
NZ | NZL | New Zealand | Neuseeland
OM | OMN | Oman
PA | PAN | Panama
PE | PER | Peru
PF | PYF | French Polynesia | Französisch-Polynesien
PG | PNG | Papua New Guinea | Papua-Neuguinea
PH | PHL | Philippines | Philippinen
PK | PAK | Pakistan
PL | POL | Poland | Polen
PM | SPM | St. Pierre & Miquelon | St. Pierre und Miquelon
PN | PCN | Pitcairn Islands | Pitcairninseln
PR | PRI | Puerto Rico
PS | PSE | Palestinian Territories | Palästinensische Autonomiegebiete | Palestine | Palästina
PT | PRT | Portugal
PW | PLW | Palau
PY | PRY | Paraguay
QA | QAT | Qatar | Katar
RE | REU | Réunion
RO | ROU | Romania | Rumänien
RS | SRB | Serbia | Serbien
RU | RUS | Russia | Russland | Russian Federation
RW | RWA | Rwanda | Ruanda
SA | SAU | Saudi Arabia | Saudi-Arabien
SB | SLB | Solomon Islands | Salomonen
SC | SYC | Seychelles | Seychellen
SD | SDN | Sudan
SE | SWE | Sweden | Schweden
SG | SGP | Singapore | Singapur
SH | SHN | St. Helena
SI | SVN | Slovenia | Slowenien
SJ | SJM | Svalbard & Jan Mayen | Spitzbergen und Jan Mayen
SK | SVK | Slovakia | Slowakei
SL | SLE | Sierra Leone
SM | SMR | San Marino
SN | SEN | Senegal
SO | SOM | Somalia
SR | SUR | Suriname
SS | SSD | South Sudan | Südsudan
ST | STP | São Tomé & Príncipe | São Tomé und Príncipe
SV | SLV | El Salvador
SX | SXM | Sint Maarten
SY | SYR | Syria | Syrien | Syrian Arab Republic
SZ | SWZ | Eswatini | Swaziland | Swasiland
TC | TCA | Turks & Caicos Islands | Turks- und Caicosinseln
TD | TCD | Chad | Tschad
TF | ATF | French Southern Territories | Französische Süd- und Antarktisgebiete
TG | TGO | Togo
TH | THA | Thailand
TJ | TJK | Tajikistan | Tadschikistan
TK | TKL | Tokelau
TL | TMP | Timor-Leste | East Timor | Osttimor
TM | TKM | Turkmenistan
TN | TUN | Tunisia | Tunesien
TO | TON | Tonga
TR | TUR | Türkiye | Türkei | Turkey
TT | TTO | Trinidad & Tobago | Trinidad und Tobago
TV | TUV | Tuvalu
TW | TWN | Taiwan
TZ | TZA | Tanzania | Tansania
UA | UKR | Ukraine
UG | UGA | Uganda
UM | UMI | U.S. Outlying Islands | Amerikanische Überseeinseln
US | USA | United States | Vereinigte Staaten | America | Amerika
US | United States of America | Vereinigte Staaten von Amerika
UY | URY | Uruguay
UZ | UZB | Uzbekistan | Usbekistan
VA | VAT | Vatican City | Vatikanstadt | Vatican | Vatikan | Holy See
VC | VCT | St. Vincent & Grenadines | St. Vincent und die Grenadinen
VE | VEN | Venezuela
VG | VGB | British Virgin Islands | Britische Jungferninseln
VI | VIR | U.S. Virgin Islands | Amerikanische Jungferninseln
VN | VNM | Vietnam | Viet Nam
VU | VUT | Vanuatu
WF | WLF | Wallis & Futuna | Wallis und Futuna
WS | WSM | Samoa
YE | YEM | Yemen | Jemen
YT | MYT | Mayotte
ZA | ZAF | South Africa | Südafrika
ZM | ZMB | Zambia | Sambia
ZW | ZWE | Zimbabwe | Simbabwe
XK | XKK | Kosovo
"""


def folded(name: str) -> str:
    """A name without case, accents, punctuation and article, as people vary them."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = re.findall(r"[a-z0-9]+", "".join(char for char in plain if not unicodedata.combining(char)))
    return " ".join(word for word in words if word not in {"the", "die", "der", "and", "und"})


@cache
def _codes() -> dict[str, str]:
    """Folded codes and names to two-letter codes."""
    rows = [[cell.strip() for cell in line.split("|")] for line in _TABLE.splitlines()]
    return {folded(name): row[0] for row in reversed(rows) for name in row if name}


def code_of(typed: str) -> str | None:
    """The two-letter code of the country a person named, by code or name."""
    return _codes().get(folded(typed))
