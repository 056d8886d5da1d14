"""What stands at the edge towards people fits its port: the web chat, mail, the demo's tenant."""

from __future__ import annotations

from bot.adapters.mail.mailbox import MailboxMail
from bot.adapters.mail.smtp import SmtpMail
from bot.adapters.sandbox.client import SandboxClient
from bot.adapters.web.transcript import WebChat
from bot.demo import People
from bot.ports.case_page import Added
from bot.ports.chat import Chat
from bot.ports.chat_pages import Chatters, Links
from bot.ports.demo import Tenant
from bot.ports.mail import Mail
from bot.service.follow_through import FollowThrough
from bot.service.links import PageLinks


def web(it: WebChat) -> Chat:
    return it


def mailbox(it: MailboxMail) -> Mail:
    return it


def smtp(it: SmtpMail) -> Mail:
    return it


def tenant(it: SandboxClient) -> Tenant:
    return it


def people(them: People, links: PageLinks) -> tuple[Chatters, Links]:
    return them, links


def added(it: FollowThrough) -> Added:
    return it
