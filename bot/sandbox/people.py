"""The cast: who works at the sandbox company, with what, and since when.

Everything is said relative to the day the sandbox is first started, so that "hired two days
ago" stays true. Object ids are derived from the short id and never change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.company import DOMAIN, ident


@dataclass(frozen=True, slots=True)
class Has:
    """One authentication method at the start. *in_hand* is whether the person can really use it:
    a broken phone stays registered."""

    type: str
    age_days: int
    doc: dict[str, Any] = field(default_factory=dict)
    in_hand: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Someone:
    """One account at the start."""

    id: str
    given: str
    family: str
    job: str
    department: str
    office: str
    hired_days: int
    about: str  # one line for the demo's page
    manager: str = ""
    employee_id: str = ""
    language: str = "en-GB"
    mobile: str = ""
    desk_phone: str = ""
    private_mail: str = ""
    groups: tuple[str, ...] = ("all_staff", "eligible")
    owns: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    eligible_roles: tuple[str, ...] = ()
    unit: str = ""
    enabled: bool = True
    external: bool = False
    photo: bool = True
    methods: tuple[Has, ...] = ()

    @property
    def oid(self) -> str:
        return ident(self.id)

    @property
    def upn(self) -> str:
        return f"{self.id}_partner.example#EXT#@{DOMAIN}" if self.external else f"{self.id}@{DOMAIN}"

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()


def app_on(phone: str, days: int, **more: Any) -> Has:
    doc = {"displayName": phone, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2410.7"}
    return Has("microsoftAuthenticator", days, doc, **more)


def key(name: str, days: int, **more: Any) -> Has:
    doc = {
        "displayName": name,
        "model": "Security key NFC",
        "aaGuid": "2fc0579f-8113-47ea-b116-bb5a8db9202a",
        "attestationLevel": "attested",
        "attestationCertificates": [],
    }
    return Has("fido2", days, doc, **more)


def hello_on(pc: str, days: int, **more: Any) -> Has:
    return Has("windowsHelloForBusiness", days, {"displayName": pc, "keyStrength": "normal"}, **more)


def phone(number: str, days: int, kind: str = "mobile", **more: Any) -> Has:
    doc = {"phoneNumber": number, "phoneType": kind, "smsSignInState": "notConfigured"}
    return Has("phone", days, doc, **more)


STAFF = ("all_staff", "eligible")
BERLIN = (*STAFF, "berlin", "bikes")
LISBON = (*STAFF, "lisbon")

CAST: tuple[Someone, ...] = (
    Someone(
        "employee", "Amara", "Okafor", "Account manager", "Sales", "Berlin, 3.14", 1460,
        "Her phone broke on Sunday: Authenticator is registered on it and nowhere else.",
        manager="manager", employee_id="1001", mobile="+49 1555 0110101", desk_phone="+49 30 5550 0101",
        private_mail="amara.okafor@private.example", groups=BERLIN, unit="berlin",
        methods=(
            app_on("Pixel 6", 610, in_hand=False, default=True),
            phone("+49 15550110101", 610, in_hand=False),
        ),
    ),
    Someone(
        "hello_user", "Hyun-woo", "Park", "Controller", "Finance", "Berlin, 2.02", 900,
        "Lost a phone too, but Windows Hello on his laptop still works.",
        manager="manager", employee_id="1002", mobile="+49 1555 0110102", desk_phone="+49 30 5550 0102",
        groups=BERLIN, unit="berlin",
        methods=(
            app_on("Galaxy S22", 420, in_hand=False, default=True),
            hello_on("LAPTOP-HP-0102", 300),
        ),
    ),
    Someone(
        "manager", "María", "Fernández", "Head of sales", "Sales", "Berlin, 3.01", 3100,
        "Amara's manager: can vouch after seeing or calling her.",
        manager="executive", employee_id="1003", mobile="+49 1555 0110103", desk_phone="+49 30 5550 0103",
        groups=BERLIN, unit="berlin",
        methods=(app_on("iPhone 15", 350, default=True), key("Key on María's ring", 340)),
    ),
    Someone(
        "deputy", "Tomasz", "Wiśniewski", "Sales operations lead", "Sales", "Lisbon, 1.20", 2000,
        "María's deputy, named in the settings.",
        manager="manager", employee_id="1004", mobile="+351 955 501 104", desk_phone="+351 21 555 0104",
        groups=LISBON, unit="lisbon",
        methods=(app_on("Xperia 5", 500, default=True), key("Blue key", 480)),
    ),
    Someone(
        "agent", "Jonas", "Lindqvist", "Service desk agent", "IT", "Berlin, 0.05", 1800,
        "Help-desk agent with the active role Authentication Administrator.",
        manager="officer", employee_id="1101", mobile="+49 1555 0110105", desk_phone="+49 30 5550 0105",
        groups=(*STAFF, "berlin", "desk_berlin"), roles=("Authentication Administrator",), unit="berlin",
        methods=(app_on("Pixel 8", 380, default=True), key("Desk key 1", 370)),
    ),
    Someone(
        "agent2", "Priya", "Raman", "Service desk agent", "IT", "Lisbon, 0.11", 1200,
        "A second agent, with the same active role.",
        manager="officer", employee_id="1107", mobile="+351 955 501 106", desk_phone="+351 21 555 0106",
        groups=(*LISBON, "agents"), roles=("Authentication Administrator",), unit="lisbon",
        methods=(app_on("iPhone 14", 360, default=True), key("Desk key 2", 355)),
    ),
    Someone(
        "agent2_admin", "Priya", "Raman (admin)", "Service desk agent", "IT", "Lisbon, 0.11", 1150,
        "Priya's second account: the same human, by the same employee number.",
        manager="officer", employee_id="1107",
        groups=("eligible", "agents"), roles=("Authentication Administrator",), unit="lisbon", photo=False,
        methods=(key("Desk key 3", 355),),
    ),
    Someone(
        "author", "Léa", "Dubois", "Knowledge manager", "IT", "Lisbon, 0.12", 1600,
        "Writes the conversations.",
        manager="officer", employee_id="1108", language="fr-FR", mobile="+351 955 501 108",
        desk_phone="+351 21 555 0108", groups=(*LISBON, "authors"), unit="lisbon",
        methods=(app_on("Fairphone 5", 250, default=True), key("Green key", 250)),
    ),
    Someone(
        "officer", "Kwame", "Mensah", "Security officer", "Security", "Berlin, 4.01", 2400,
        "Security officer. His account has no employee number, so nobody knows which human it is.",
        manager="executive", mobile="+49 1555 0110109", desk_phone="+49 30 5550 0109",
        groups=(*STAFF, "berlin", "security"), unit="berlin",
        methods=(app_on("iPhone 15 Pro", 300, default=True), key("Security key 9", 300)),
    ),
    Someone(
        "executive", "Ingrid", "Haugen", "Chief executive", "Board", "Berlin, 5.01", 4000,
        "On the board: a sensitive account.",
        employee_id="1010", mobile="+49 1555 0110110", desk_phone="+49 30 5550 0110",
        groups=(*STAFF, "berlin", "executives"), unit="berlin",
        methods=(app_on("iPhone 16", 200, in_hand=False, default=True),),
    ),
    Someone(
        "global_admin", "Daniel", "Cohen", "Directory engineer", "IT", "Berlin, 0.07", 2100,
        "Global Administrator: never helped here.",
        manager="officer", employee_id="1111", mobile="+49 1555 0110111", desk_phone="+49 30 5550 0111",
        groups=(*STAFF, "berlin", "tier0"), roles=("Global Administrator",), unit="berlin",
        methods=(key("Tier 0 key", 700), app_on("Pixel 7a", 500, in_hand=False, default=True)),
    ),
    Someone(
        "eligible_admin", "Fatima", "Zahra El Amrani", "Messaging engineer", "IT", "Lisbon, 0.14", 1300,
        "Holds no role today, but may activate Exchange Administrator: privileged.",
        manager="officer", employee_id="1112", mobile="+351 955 501 112", desk_phone="+351 21 555 0112",
        groups=LISBON, eligible_roles=("Exchange Administrator",), unit="lisbon",
        methods=(app_on("Galaxy A54", 330, default=True), key("Grey key", 330)),
    ),
    Someone(
        "guest", "Nikhil", "Bose", "Consultant", "", "", 200,
        "A guest from a partner: signs in at home, never gets a pass here.",
        private_mail="nikhil.bose@partner.example", groups=("eligible",), external=True, photo=False,
    ),
    Someone(
        "disabled", "Sofia", "Rossi", "Designer", "Marketing", "Lisbon, 1.08", 1500,
        "Left last month: the account is disabled.",
        manager="deputy", employee_id="1014", mobile="+351 955 501 114", groups=LISBON, unit="lisbon",
        enabled=False,
        methods=(app_on("iPhone 12", 800, in_hand=False, default=True),),
    ),
    Someone(
        "break_glass", "Emergency", "Access 1", "", "", "", 2500,
        "The account of last resort: excluded from everything.",
        groups=(), roles=("Global Administrator",), photo=False,
        methods=(key("Safe, envelope 1", 900),),
    ),
    Someone(
        "new_starter", "Aroha", "Ngata", "Trainee", "Sales", "Berlin, 3.15", 2,
        "Started two days ago and never had a sign-in method.",
        manager="manager", employee_id="1016", mobile="+49 1555 0110116", desk_phone="+49 30 5550 0116",
        private_mail="aroha.ngata@private.example", groups=BERLIN, unit="berlin",
    ),
    Someone(
        "floor_worker", "Joaquim", "Santos", "Packer", "Warehouse", "Lisbon, hall 2", 820,
        "Works at shared computers, has no phone, and his security key is gone.",
        manager="shift_leader", employee_id="1017", language="pt-PT", desk_phone="+351 21 555 0117",
        private_mail="joaquim.santos@private.example", groups=LISBON, unit="lisbon",
        methods=(key("Key at hall 2", 400, in_hand=False, default=True),),
    ),
    Someone(
        "shift_leader", "Beatriz", "Lopes", "Shift leader", "Warehouse", "Lisbon, hall 2", 1900,
        "Joaquim's manager: can stand in with her browser for somebody who has none.",
        manager="deputy", employee_id="1018", mobile="+351 955 501 118", desk_phone="+351 21 555 0118",
        groups=(*LISBON, "helpers"), unit="lisbon",
        methods=(app_on("Galaxy A35", 310, default=True), key("Key on Beatriz's lanyard", 300)),
    ),
    Someone(
        "reception", "Oluwaseun", "Adeyemi", "Receptionist", "Facilities", "Lisbon, ground floor", 700,
        "At the reception: a helper, beside whom people without a computer can sit.",
        manager="executive", employee_id="1019", mobile="+351 955 501 119", desk_phone="+351 21 555 0119",
        groups=(*LISBON, "helpers"), unit="lisbon",
        methods=(app_on("Moto G84", 280, default=True), key("Reception key", 270)),
    ),
)  # fmt: skip

BY_ID = {someone.id: someone for someone in CAST}


def record(someone: Someone, now: datetime) -> dict[str, Any]:
    """The stored document: Graph's user properties, and beside them what Graph keeps elsewhere."""
    hired = (now - timedelta(days=someone.hired_days)).replace(hour=0, minute=0, second=0, microsecond=0)
    mail = f"{someone.id}@partner.example" if someone.external else f"{someone.id}@{DOMAIN}"
    name = someone.name
    user = {
        "id": someone.oid,
        "accountEnabled": someone.enabled,
        "businessPhones": [someone.desk_phone] if someone.desk_phone else [],
        "companyName": None if someone.external else "Keyturn Example",
        "createdDateTime": hired.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "creationType": "Invitation" if someone.external else None,
        "department": someone.department or None,
        "displayName": name,
        "employeeHireDate": None
        if someone.external or not someone.job
        else hired.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "employeeId": someone.employee_id or None,
        "externalUserState": "Accepted" if someone.external else None,
        "givenName": someone.given,
        "identities": [
            {
                "signInType": "federated" if someone.external else "userPrincipalName",
                "issuer": "ExternalAzureAD" if someone.external else DOMAIN,
                "issuerAssignedId": None if someone.external else someone.upn,
            }
        ],
        "isManagementRestricted": None,
        "jobTitle": someone.job or None,
        "lastPasswordChangeDateTime": hired.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mail": mail,
        "mailNickname": someone.id,
        "mobilePhone": someone.mobile or None,
        "officeLocation": someone.office or None,
        "onPremisesSyncEnabled": None,
        "otherMails": [someone.private_mail] if someone.private_mail else [],
        "preferredLanguage": someone.language,
        "proxyAddresses": [f"SMTP:{mail}"],
        "signInSessionsValidFromDateTime": hired.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "surname": someone.family,
        "usageLocation": "PT" if someone.unit == "lisbon" else "DE",
        "userPrincipalName": someone.upn,
        "userType": "Guest" if someone.external else "Member",
    }
    return {
        "user": user,
        "manager": someone.manager,
        "groups": list(someone.groups),
        "owns": list(someone.owns),
        "roles": [{"name": name, "scope": "/"} for name in someone.roles],
        "eligible": [{"name": name, "scope": "/"} for name in someone.eligible_roles],
        "units": [someone.unit] if someone.unit else [],
        "risk": "none",
        "photo": someone.photo,
    }
