"""Texts from people, as real traffic looks."""

from __future__ import annotations

from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from textmanager.gateway.inbound import parse_inbound, reply_xml

REAL = (
    "ToCountry=US&ToState=CA&SmsMessageSid=SM5ab&NumMedia=0&ToCity=SAN+FRANCISCO&FromZip=30512"
    "&SmsSid=SM5ab&FromState=GA&SmsStatus=received&FromCity=BLAIRSVILLE&Body=Blah+blah"
    "&FromCountry=US&To=%2B14152001331&ToZip=94105&NumSegments=1&MessageSid=SM5ab"
    "&AccountSid=ACe24&From=%2B17067815146&ApiVersion=2010-04-01"
)


def test_a_text_is_read():
    message = parse_inbound(dict(parse_qsl(REAL)))

    assert message.sid == "SM5ab"
    assert (message.from_number, message.to) == ("+17067815146", "+14152001331")
    assert message.body == "Blah blah"
    assert message.opt_out_type == ""
    assert message.raw["FromCity"] == "BLAIRSVILLE"


def test_the_opt_out_type_says_that_twilio_has_answered():
    form = {"Body": "Stop ", "OptOutType": "STOP", "MessagingServiceSid": "MG1"}
    message = parse_inbound(form)

    assert message.opt_out_type == "STOP"
    assert message.messaging_service_sid == "MG1"
    assert message.body == "Stop "


def test_an_empty_form_is_read_too():
    assert parse_inbound({}).from_number == ""


def test_the_empty_reply_is_twiml_without_a_verb():
    root = ET.fromstring(reply_xml(""))

    assert root.tag == "Response"
    assert len(root) == 0
