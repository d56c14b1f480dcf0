"""Codes are found however people spell them: an index on the code without blanks, dashes and underscores."""

from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("vouchers", "0003_publication")]

    operations = [
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(
                Upper(models.Func("code", models.Value(" -_"), models.Value(""), function="translate")),
                name="voucher_code_bare",
            ),
        ),
    ]
