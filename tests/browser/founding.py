"""Founds the organizations of the journeys in an installation; a program of its own.

    python founding.py IMIS_URL TWILIO_URL CLOUD_ID...

Each gets two administrators, three senders and the demo's campaigns, but for `first-visit`: there,
nothing is connected, and a local administrator of the same name begins.
"""

from __future__ import annotations

import sys

from textmanager.commands.preparing import prepare

UNCONNECTED = "first-visit"
PASSWORD = "demo-password"


def main() -> None:
    imis_url, twilio_url, *cloud_ids = sys.argv[1:]
    prepare()
    from textmanager.commands import seed
    from textmanager.gateway.account import TwilioCredentials
    from textmanager.organizations import founding
    from textmanager.organizations.models import Organization
    from textmanager.sandbox import imis, twilio

    account = founding.ImisAccount(imis_url, imis.BACKGROUND.username, imis.BACKGROUND.password)
    usual = twilio.TwilioSettings()
    known = TwilioCredentials(usual.account_sid, usual.auth_token, base_url=twilio_url)
    for cloud_id in cloud_ids:
        organization = Organization.objects.create(
            name=f"{cloud_id.replace('-', ' ').capitalize()} Association",
            cloud_id=cloud_id,
            time_zone="America/New_York",
            texting_opens=seed.ANY_HOUR,
            texting_closes=seed.ANY_HOUR,
        )
        if cloud_id == UNCONNECTED:
            # Nothing but where the simulated Twilio is, which no page asks for.
            nobody = TwilioCredentials("AC" + "0" * 32, "0" * 32, base_url=twilio_url)
            founding.connect_twilio(organization, nobody)
            founding.add_local_administrator(organization, UNCONNECTED, PASSWORD)
            continue
        founding.connect_imis(organization, account)
        founding.connect_twilio(organization, known)
        founding.add_staff_administrator(organization, "sam.rivera")
        staff = founding.add_staff_administrator(organization, seed.STAFF)
        senders = {
            each.name: founding.add_sender(organization, each)
            for each in (seed.TOLL_FREE, seed.TEN_DLC, seed.SHORT_CODE)
        }
        for campaign in seed.CAMPAIGNS:
            seed._create(organization, staff, senders, campaign)


if __name__ == "__main__":
    main()
