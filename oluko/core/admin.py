"""The frame of /admin/: who may enter, and tables that are read. What changes things are named actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import auth
from django.contrib.admin.utils import unquote
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite

from oluko.core import money, times
from oluko.core.errors import NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet

type View = Callable[..., HttpResponseBase]


def may_operate(request: HttpRequest) -> bool:
    """Whether an active operator asks. The role alone counts, not Django's flags and permissions."""
    return bool(request.user.is_active and getattr(request.user, "is_operator", False))


def refuse_others(request: HttpRequest) -> HttpResponse | None:
    """None for an operator, the way to the sign-in page for a visitor; raises NotFound for anyone else."""
    if may_operate(request):
        return None
    if request.user.is_authenticated:
        raise NotFound("no_such_page", _("There is no such page."))
    return redirect_to_login(request.get_full_path(), reverse("account_login"))


class OperatorSite(UnfoldAdminSite):  # type: ignore[misc]
    """One site for operators, who sign in where everybody does: tries are counted there, a second factor asked for."""

    site_title = site_header = "Oluko"
    index_title = gettext_lazy("Today")
    index_template = "operator/front.html"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Tables of our own making only: packages bring some that let rows be edited, or that show secrets."""
        if isinstance(admin_class, type) and issubclass(admin_class, Record):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return may_operate(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return refuse_others(request) or inner(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        wanted = request.GET.get("next") or reverse("admin:index")
        if request.user.is_authenticated:
            return refuse_others(request) or redirect("admin:index")
        return redirect_to_login(wanted, reverse("account_login"))

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        auth.logout(request)
        return redirect("home")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")


class Act(NamedTuple):
    """A button on a record's page: a named action that asks first, at the address of that name and the row's id."""

    label: object
    url_name: str
    danger: bool = False


class Read:
    """Nothing is added, changed or deleted here, and operators may look at all of it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_operate(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_operate(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Record(Read, ModelAdmin):  # type: ignore[misc]
    """A table that is read. A room says what its lists show, and which named actions a row has."""

    actions = ()
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    list_filter_sheet = False
    compressed_fields = True
    change_form_outer_before_template = "core/operator/acts.html"

    def acts(self, obj: Any) -> Iterable[Act]:
        """The named actions that this row has now."""
        return ()

    def story(self, obj: Any) -> dict[str, Any]:
        """What else the row's page shows, for its `change_form_after_template`."""
        return {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        more: dict[str, Any] = {"show_save": self.has_change_permission(request, row)}
        if row is not None:
            acts = [(act.label, reverse(act.url_name, args=[row.pk]), act.danger) for act in self.acts(row)]
            more |= {"acts": acts, **self.story(row)}
        answer: HttpResponse = super().change_view(request, object_id, form_url, (extra_context or {}) | more)
        return answer


class Endless:
    """For tables that grow without end: pages are turned without ever counting the rows."""

    paginator = InfinitePaginator


class Lines(Read, TabularInline):  # type: ignore[misc]
    """Rows that belong to the record shown."""

    extra = 0
    show_change_link = False


def money_of(field: str, label: object) -> Callable[..., str]:
    """A column that shows an amount in minor units, beside the currency of its row."""

    @display(description=label, ordering=field)  # type: ignore[untyped-decorator]
    def shown(obj: Any) -> str:
        amount = getattr(obj, field)
        return "–" if amount is None else money.show(amount, obj.currency)

    shown.__name__ = f"{field}_shown"
    return shown  # type: ignore[no-any-return]


def link_to(url_name: str, pk: object, text: object) -> str:
    """A link to a record's page, or the text alone where there is none."""
    try:
        return format_html('<a class="operator-link" href="{}">{}</a>', reverse(url_name, args=[pk]), text)
    except NoReverseMatch:
        return str(text)


def with_name_of(rows: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Each row with `person_name`: the name behind an id that is no foreign key, in the same query."""
    from django.contrib.auth import get_user_model
    from django.db.models import OuterRef, Subquery

    people = get_user_model()._default_manager.filter(pk=OuterRef(field)).values("name")[:1]
    named: QuerySet[Any] = rows.annotate(person_name=Subquery(people))
    return named


def zone_told(request: HttpRequest) -> str:
    """The line under the site's name: every time on these pages is in this zone."""
    from django.utils import timezone

    zone = timezone.get_current_timezone_name()
    return _("Times in %(zone)s") % {"zone": times.city_of(zone)}
