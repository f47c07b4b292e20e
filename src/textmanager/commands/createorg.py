"""`textmanager createorg`: an organization, connected, with a sender and an administrator."""

from __future__ import annotations

import click
from django.core.exceptions import ValidationError
from django.db import transaction

from textmanager.commands.asking import CloudId, TimeZone
from textmanager.commands.connecting import check_imis, check_sender, check_twilio, in_words
from textmanager.commands.preparing import prepare
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.transport import TWILIO_API

SENDER_KINDS = ("toll_free", "10dlc", "short_code", "long_code")


@click.command()
@click.option("--name", prompt="Name of the organization")
@click.option("--cloud-id", type=CloudId(), prompt="Cloud ID, which staff type to sign in")
@click.option("--time-zone", type=TimeZone(), prompt="Time zone", default="America/New_York")
@click.option("--imis-url", prompt="Address of the iMIS site, https://...")
@click.option("--imis-username", prompt="iMIS user name of the background account")
@click.option(
    "--imis-password",
    prompt="Its password",
    hide_input=True,
    envvar="CREATEORG_IMIS_PASSWORD",
    show_envvar=True,
)
@click.option("--twilio-account-sid", prompt="Twilio account SID, AC...")
@click.option(
    "--twilio-auth-token",
    prompt="Twilio auth token",
    hide_input=True,
    envvar="CREATEORG_TWILIO_AUTH_TOKEN",
    show_envvar=True,
)
@click.option("--twilio-url", default=TWILIO_API, show_default=True, help="Where Twilio answers.")
@click.option("--sender", prompt="Sender: a number +1..., a short code or a service MG...")
@click.option("--sender-kind", type=click.Choice(SENDER_KINDS), prompt="What kind of sender it is")
@click.option("--sender-name", prompt="What staff call this sender", default="Office")
@click.option(
    "--segments-per-second",
    type=click.FloatRange(0.01),
    help="Pace that Twilio grants this sender.  [default: the usual one of its kind]",
)
@click.option("--administrator", prompt="iMIS user name of the first administrator")
@click.option(
    "--unchecked",
    is_flag=True,
    help="Do not sign in at iMIS and Twilio first, nor look for the sender.",
)
def command(
    *,
    name: str,
    cloud_id: str,
    time_zone: str,
    imis_url: str,
    imis_username: str,
    imis_password: str,
    twilio_account_sid: str,
    twilio_auth_token: str,
    twilio_url: str,
    sender: str,
    sender_kind: str,
    sender_name: str,
    segments_per_second: float | None,
    administrator: str,
    unchecked: bool,
) -> None:
    """Create an organization. Asks for whatever is not given as an option.

    Signs in at iMIS and at Twilio, and looks for the sender there, before anything is written.
    Give passwords when asked, or in the environment: the options of a command can be seen by
    others on the same machine.
    """
    prepare()
    # Needs Django to be set up.
    from textmanager.organizations import founding  # noqa: PLC0415 - see above
    from textmanager.organizations.models import SenderKind  # noqa: PLC0415 - see above
    from textmanager.replies.imis_reading import defer_reading  # noqa: PLC0415 - see above

    imis = founding.ImisAccount(imis_url, imis_username, imis_password)
    twilio = TwilioCredentials(twilio_account_sid.strip(), twilio_auth_token, base_url=twilio_url)
    if not unchecked:
        check_imis(imis.base_url, imis.username, imis.password)
        check_twilio(twilio)
        check_sender(twilio, sender.strip(), sender_kind)
    try:
        with transaction.atomic():
            organization = founding.found_organization(
                cloud_id=cloud_id,
                name=name.strip(),
                time_zone=time_zone,
                imis=imis,
                twilio=twilio,
            )
            founding.add_sender(
                organization,
                founding.NewSender(
                    sender_name.strip(),
                    SenderKind(sender_kind),
                    sender.strip(),
                    segments_per_second,
                ),
            )
            founding.add_staff_administrator(organization, administrator.strip())
            defer_reading(organization.pk)
    except ValidationError as error:
        raise click.ClickException(in_words(error)) from error
    click.echo(
        f"{organization} is created. {administrator} signs in with the Cloud ID "
        f"{organization.cloud_id} and the iMIS password."
    )
