"""How every form of ours is drawn: label, input, help, error (core/parts/field.html)."""

from __future__ import annotations

from django.forms.renderers import DjangoTemplates


class FormRenderer(DjangoTemplates):
    """`{{ form }}` and `{{ field.as_field_group }}` speak the vocabulary of docs/look.md."""

    form_template_name = "core/parts/form.html"
    field_template_name = "core/parts/field.html"
