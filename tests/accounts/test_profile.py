"""What people change about themselves, their photos and their tokens."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from oluko.accounts.models import ApiToken, Person, TutorProfile
from oluko.accounts.people import has_verified_email, issue_token, person_for_token

pytestmark = pytest.mark.django_db
PROFILE = {"headline": "Frontend lead, Lagos", "bio": "", "hourly_rate": "7,500.50"}


@pytest.fixture(autouse=True)
def _uploads(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(form: str = "JPEG", size: tuple[int, int] = (900, 600)) -> SimpleUploadedFile:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    file = io.BytesIO()
    Image.new("RGB", size, "navy").save(file, form, exif=exif)
    return SimpleUploadedFile(f"me.{form.lower()}", file.getvalue())


def test_person_changes_name_and_zone_by_city(ada: Person, signed_in) -> None:
    response = signed_in(ada).post(
        reverse("profile"), {"name": " Ada A. Obi ", "time_zone": "sao paulo", "role": "ADMIN"}
    )
    assert response.status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.time_zone, ada.role) == ("Ada A. Obi", "America/Sao_Paulo", Person.Role.STUDENT)


def test_unknown_zone_and_empty_name_are_refused_with_a_word(ada: Person, signed_in) -> None:
    response = signed_in(ada).post(reverse("profile"), {"name": "", "time_zone": "Mars/Olympus"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in page
    assert 'id="id_time_zone_error"' in page
    ada.refresh_from_db()
    assert ada.time_zone == "Africa/Lagos"


def test_student_becomes_a_mentor_once_and_unverified(ada: Person, signed_in) -> None:
    browser = signed_in(ada)
    assert browser.post(reverse("become_mentor")).status_code == 302
    ada.refresh_from_db()
    assert ada.role == Person.Role.MENTOR
    assert ada.tutor_profile.verified_at is None
    assert browser.post(reverse("become_mentor")).status_code == 409


def test_operator_does_not_lose_their_role_by_teaching(admin: Person, signed_in) -> None:
    assert signed_in(admin).post(reverse("become_mentor")).status_code == 409
    admin.refresh_from_db()
    assert admin.role == Person.Role.ADMIN


def test_tutor_says_what_students_see_in_naira(tunde: Person, signed_in) -> None:
    forged = {"verified_at": "2026-01-01", "currency": "USD", "person": "1"}
    assert signed_in(tunde).post(reverse("tutor_profile"), PROFILE | forged).status_code == 302
    profile = TutorProfile.objects.get(person=tunde)
    assert (profile.headline, profile.hourly_rate, profile.currency) == ("Frontend lead, Lagos", 750_050, "NGN")


def test_sly_tutor_does_not_verify_themselves(mei: Person, signed_in) -> None:
    TutorProfile.objects.filter(person=mei).update(verified_at=None)
    signed_in(mei).post(reverse("tutor_profile"), PROFILE | {"verified_at": "2026-01-01"})
    assert TutorProfile.objects.get(person=mei).verified_at is None


@pytest.mark.parametrize("rate", ["-5", "0", "abc", "1.234", "1e30", "NaN", "10000001", "∞"])
def test_rate_that_is_no_amount_is_refused(rate: str, tunde: Person, signed_in) -> None:
    response = signed_in(tunde).post(reverse("tutor_profile"), PROFILE | {"hourly_rate": rate})
    assert response.status_code == 422
    assert "id_hourly_rate_error" in response.content.decode()


def test_student_has_no_tutor_profile_to_change(ada: Person, signed_in) -> None:
    assert signed_in(ada).post(reverse("tutor_profile"), PROFILE).status_code == 403
    assert not TutorProfile.objects.filter(person=ada).exists()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_photo_is_drawn_anew_square_and_without_metadata(form: str, tunde: Person, signed_in, client: Client) -> None:
    assert signed_in(tunde).post(reverse("tutor_profile"), PROFILE | {"photo": picture(form)}).status_code == 302
    profile = TutorProfile.objects.get(person=tunde)
    response = client.get(profile.photo.url)
    content = b"".join(response)
    kept = Image.open(io.BytesIO(content))
    assert (kept.format, kept.size, dict(kept.getexif())) == ("WEBP", (512, 512), {})
    assert response["Content-Type"] == "image/webp"
    assert "immutable" in response["Cache-Control"]
    assert b"taken at home" not in content


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("me.jpg", b"not a photo", "image/jpeg"),
        SimpleUploadedFile("me.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        SimpleUploadedFile("me.png", b"\x89PNG\r\n\x1a\n" + b"0" * 2_100_000, "image/png"),
        SimpleUploadedFile("me.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "image/gif"),
    ],
    ids=["words", "svg", "too large", "gif"],
)
def test_what_is_no_photo_is_refused(file: SimpleUploadedFile, tunde: Person, signed_in) -> None:
    response = signed_in(tunde).post(reverse("tutor_profile"), PROFILE | {"photo": file})
    assert response.status_code == 422
    assert "id_photo_error" in response.content.decode()
    assert not TutorProfile.objects.get_or_create(person=tunde)[0].photo


@pytest.mark.django_db(transaction=True)
def test_photo_that_is_replaced_or_removed_leaves_the_disk(tunde: Person, signed_in, tmp_path: Path) -> None:
    browser = signed_in(tunde)
    for _round in range(2):
        browser.post(reverse("tutor_profile"), PROFILE | {"photo": picture()})
    assert len(list((tmp_path / "photos").iterdir())) == 1
    browser.post(reverse("tutor_profile"), PROFILE | {"remove_photo": "on"})
    assert list((tmp_path / "photos").iterdir()) == []


@pytest.mark.parametrize("name", ["..%2f..%2foluko.sqlite3", "missing.webp", "secret-key", "a.svg"])
def test_photos_address_gives_photos_only(name: str, client: Client) -> None:
    assert client.get(f"/photos/{name}").status_code == 404


def test_token_is_shown_once_kept_as_a_fingerprint_and_revoked(ada: Person, signed_in) -> None:
    browser = signed_in(ada)
    response = browser.post(reverse("tokens"), {"token_name": "backup script"})
    raw = response.content.decode().split('id="token" readonly value="')[1].split('"')[0]
    assert raw.startswith("oluko_")
    assert "no-store" in response["Cache-Control"]
    token = ApiToken.objects.get()
    assert raw not in token.digest
    assert person_for_token(raw) == ada
    assert raw not in browser.get(reverse("profile")).content.decode()
    browser.post(reverse("token_revoke", args=[token.pk]))
    assert person_for_token(raw) is None


def test_stranger_cannot_revoke_anothers_token(ada: Person, zainab: Person, signed_in) -> None:
    issue_token(ada)
    token = ApiToken.objects.get()
    assert signed_in(zainab).post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_one_person_has_at_most_twenty_tokens(ada: Person, signed_in) -> None:
    for _token in range(20):
        issue_token(ada)
    assert signed_in(ada).post(reverse("tokens"), {}).status_code == 429


def test_token_of_a_closed_account_opens_nothing(ada: Person) -> None:
    raw = issue_token(ada)
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    assert person_for_token(raw) is None
    assert person_for_token("oluko_" + "x" * 43) is None
    assert person_for_token("") is None


def test_use_of_a_token_is_noted_at_most_once_an_hour(ada: Person, django_assert_num_queries) -> None:
    raw = issue_token(ada)
    person_for_token(raw)
    first = ApiToken.objects.get().last_used_at
    with django_assert_num_queries(1):
        person_for_token(raw)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(hours=2))
    person_for_token(raw)
    noted = ApiToken.objects.get().last_used_at
    assert noted
    assert timezone.now() - noted < timedelta(minutes=1)


def test_command_prints_a_token_and_nothing_else(ada: Person, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("token", ada.email.upper())
    out, err = capsys.readouterr()
    assert person_for_token(out.strip()) == ada
    assert out.count("\n") == 1
    assert err == ""


def test_command_says_in_one_line_that_nobody_has_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("token", "nobody@demo.test")
    out, err = capsys.readouterr()
    assert end.value.code == 1
    assert out == ""
    assert err.count("\n") == 1
    assert "nobody@demo.test" in err


def test_verified_means_the_address_one_signs_in_with(ada: Person) -> None:
    assert has_verified_email(ada)
    ada.email = "other@demo.test"
    assert not has_verified_email(ada)


def test_visitor_is_sent_to_sign_in(client: Client) -> None:
    for address in (reverse("profile"), reverse("tokens"), reverse("become_mentor")):
        assert client.post(address)["Location"].startswith(reverse("account_login"))


def test_post_without_token_is_refused(ada: Person, signed_in) -> None:
    browser = signed_in(ada, csrf=True)
    for name in ("profile", "tutor_profile", "become_mentor", "tokens", "zone", "account_logout"):
        response = browser.post(reverse(name), {"name": "Eve", "zone": "UTC"})
        assert response.status_code == 403
        assert "Nothing was changed" in response.content.decode()
    ada.refresh_from_db()
    assert (ada.name, ada.role, ada.time_zone) == ("Ada Obi", Person.Role.STUDENT, "Africa/Lagos")
