"""The root's part for what people enrol: addresses and codes sent there, remembered browsers, contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.core.humans import Humans
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.mail import Mail
from bot.ports.store import Store
from bot.ports.words import Words
from bot.service.addresses import AddressBook
from bot.service.attempts import Attempts
from bot.service.code_mail import CodeMail
from bot.service.contacts import ContactBook
from bot.service.enrolled import EnrolledWays
from bot.service.enrolment_stops import ways
from bot.service.evidence import EvidenceBook
from bot.service.hiring import HiringMails
from bot.service.issued_codes import IssuedBook
from bot.service.issued_proof import IssuedProof
from bot.service.keys import Keys
from bot.service.limits import Limits
from bot.service.my_addresses import MyAddresses
from bot.service.my_browsers import MyBrowsers
from bot.service.my_contacts import MyContacts
from bot.service.my_ways import MyWaysService
from bot.service.newcomers import Newcomers, NewcomerSweep
from bot.service.objections import Stopper
from bot.service.proving import Provings
from bot.service.stops import Stops
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Enrolling:
    """*known* tells the case page what somebody has; *letters* sends the codes; *sweep* looks at
    newcomers before their first day."""

    store: Store
    clock: Clock
    entropy: Entropy
    directory: Directory
    addresses: AddressBook
    codes: IssuedBook
    hiring: HiringMails
    known: EnrolledWays
    my: MyWaysService
    letters: CodeMail
    stoppers: Mapping[str, Stopper]
    sweep: NewcomerSweep

    def proof(
        self, attempts: Attempts, limits: Limits, evidence: EvidenceBook, stops: Stops, provings: Provings
    ) -> IssuedProof:
        """The proof `issued_code`."""
        return IssuedProof(
            self.store, self.clock, self.entropy, self.directory, attempts, limits, evidence, stops,
            provings, self.codes, self.addresses, self.hiring,
        )  # fmt: skip


def enrolling(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    directory: Directory,
    words: Words,
    mail: Mail | None,
    stops: Stops,
    newcomers: Newcomers,
    humans: Humans,
    contacts: ContactBook,
) -> Enrolling:
    book, codes = AddressBook(store, keys, clock), IssuedBook(keys, entropy)
    hiring = HiringMails(keys, book)
    addresses = MyAddresses(store, clock, entropy, directory, book, codes, stops)
    browsers = MyBrowsers(store, clock, entropy, keys)
    named = MyContacts(store, clock, entropy, directory, contacts, humans, stops)
    return Enrolling(
        store, clock, entropy, directory, book, codes, hiring,
        EnrolledWays(store, clock, directory, book, hiring, contacts),
        MyWaysService(store, clock, addresses, browsers, named, mail=mail is not None),
        CodeMail(
            store, clock, entropy, directory, words, mail, codes, book, hiring,
            host=urlsplit(settings.public_url).netloc, phone=settings.desk.phone,
        ),
        ways(addresses, browsers, named),
        NewcomerSweep(store, clock, newcomers, hiring),
    )  # fmt: skip
