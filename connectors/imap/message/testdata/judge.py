"""Reads mails with Python's email package and says in JSON what it finds: a second opinion that shares no code with ours.

Usage: judge.py FILE...  The text of a mail is that of its plain parts; files are those that are not text one reads.
"""
import email
import email.policy
import hashlib
import json
import sys


def addresses(mail, name):
    try:
        fields = mail.get_all(name) or []
    except Exception:
        return []
    return [[a.display_name, a.addr_spec] for f in fields for a in f.addresses]


def parts(mail):
    if mail.get_content_maintype() == "multipart":
        for part in mail.iter_parts():
            yield from parts(part)
    else:
        yield mail


def whole(mail):
    """The bytes of an attached mail. Python reads it as a mail and writes it anew."""
    return mail.get_payload(0).as_bytes(policy=mail.policy.clone(linesep="\r\n", refold_source="none"))


def read(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    texts, files = [], []
    for part in parts(mail):
        kind, name = part.get_content_type(), part.get_filename()
        if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment" and not name:
            if kind == "text/plain":
                texts.append(part.get_content())
            continue
        if kind in ("text/calendar", "application/pkcs7-signature", "application/pgp-signature") or part.get_content_maintype() == "message" and "report" in mail.get_content_type():
            continue
        data = whole(part) if kind == "message/rfc822" else part.get_payload(decode=True) or b""
        files.append([name or "", kind, len(data), hashlib.sha256(data).hexdigest()])
    date = mail["date"]
    return {
        "subject": mail["subject"] or "",
        "date": int(date.datetime.timestamp()) if date is not None and date.datetime is not None else 0,
        "message_id": (mail["message-id"] or "").strip().strip("<>"),
        "people": {n: addresses(mail, n) for n in ("from", "sender", "reply-to", "to", "cc", "bcc")},
        "text": "\n\n".join(texts),
        "files": files,
    }


def attempt(file):
    raw = open(file, "rb").read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    try:
        return read(raw)
    except Exception as e:
        return {"failed": repr(e)}


json.dump({file: attempt(file) for file in sys.argv[1:]}, sys.stdout)
