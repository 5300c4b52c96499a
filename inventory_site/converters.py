"""What addresses are made of: `<code:number>`."""

from django.urls import register_converter


class CodeConverter:
    """A number that people gave to something. A slash in it travels as a division slash, which looks the same."""

    regex = "[^/]+"

    def to_python(self, value):
        return value.replace("\u2215", "/")

    def to_url(self, value):
        return str(value).replace("/", "\u2215")


register_converter(CodeConverter, "code")
