"""The words of headings in ten languages and of the usual exports, in the form that `plain_heading` gives."""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "ABOUT_MAIL",
    "ACCOUNTS",
    "AT_WORK",
    "FIELD_BY_HEADING",
    "MAIL",
    "NOT_HIS_NAME",
    "OTHER",
    "OWN",
    "UPN",
    "plain_heading",
]


def plain_heading(heading: str) -> str:
    """Lower case, no accents, one space between words; `givenName` and `given_name` as two words."""
    apart = _CAMEL.sub(r"\1 \2", heading)
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", apart.casefold()) if not unicodedata.combining(letter)
    )
    return " ".join(re.sub(r"[^\w]|_", " ", bare).split())


_CAMEL = re.compile(r"([a-zà-ÿ])([A-ZÀ-Þ])")


_TABLE: dict[str, str] = {
    "email": """email; e mail; mail; email address; e mail address; mail address; work email; work email address;
        work mail; business email; business email address; company email; corporate email; corporate email address;
        office email; primary email; primary email address; primary work email; email primary work; email id;
        internet address; smtp address; primary smtp address; proxy addresses; login email; account email;
        indirizzo e mail; indirizzo email; indirizzo mail; indirizzo di posta elettronica; posta elettronica;
        email aziendale; e mail aziendale; e mail adresse; email adresse; mailadresse; emailadresse;
        e mail anschrift; geschaftliche e mail; dienstliche e mail; firmen e mail; adresse e mail; adresse email;
        adresse mail; adresse electronique; adresse de messagerie; courriel; mel; e mail professionnel;
        email professionnel; correo; correo electronico; direccion de correo; direccion de correo electronico;
        correo corporativo; correio eletronico; correio electronico; endereco de e mail; endereco de email;
        endereco eletronico; e mail corporativo; e mailadres; emailadres; mailadres; e mail adres;
        zakelijk e mailadres;
        werk e mail; adres e mail; adres email; poczta elektroniczna;
        e mail sluzbowy; email sluzbowy;
        adres poczty elektronicznej; e postadress; e post; epost; epostadress; mejl; mejladress; mailadress;
        メールアドレス; メール; eメール; e メール; eメールアドレス;
        電子メール; 電子メールアドレス; 会社メールアドレス;
        이메일; 메일; 邮箱; 电子邮箱; 电子邮件; 邮件; 電子郵件; 電郵;
        sahkoposti; sahkopostiosoite; e poctove; emailova adresa;
        e posta; eposta; e mail cim; эл почта; электронная почта; почта""",
    "name": """fullname; real name; full name; name;
        names; full names; nomi; namen; noms; nombres; nomes; display name; displayname;
        participant; attendee; racer; worker; employee; registrant;
        invitee; guest; person; preferred name;
        legal name; nome completo; nome e cognome; cognome e nome; nominativo;
        partecipante; vollstandiger name; vor und nachname; name vorname; teilnehmer; teilnehmerin; teilnehmende;
        anzeigename; mitarbeiter; mitarbeiterin; nom complet; nom et prenom; nom prenom; prenom et nom; nom affiche;
        participant e; participante; nombre completo; nombre y apellidos; apellidos y nombre; asistente;
        nome do participante; nome e sobrenome; naam; volledige naam; deelnemer; naam deelnemer; imie i nazwisko;
        nazwisko i imie; uczestnik; pelna nazwa; namn; fullstandigt namn; for och efternamn; deltagare; visningsnamn;
        氏名; 名前; お名前; 表示名; 参加者; 参加者名; 社員名; フルネーム;
        이름; 성명; 姓名; navn; fulde navn; fullt navn; nimi; jmeno a prijmeni; jmeno; ad soyad; adi soyadi; nev;
        teljes nev; фио; имя и фамилия; ονοματεπωνυμο; имя""",
    "given": """first name; firstname; given name; givenname; forename; first; preferred first name; legal first name;
        nome; nome proprio; vorname; rufname; prenom; nombre; nombre de pila; primeiro nome; nome proprio; voornaam;
        roepnaam; imie; fornamn; tilltalsnamn; 名; 名 first name; ファーストネーム""",
    "family": """last name; lastname; surname; family name; familyname; last; sn; second name; legal last name;
        preferred last name; cognome; nachname; familienname; zuname; nom; nom de famille; apellido; apellidos;
        primer apellido; sobrenome; apelido; ultimo nome; achternaam; familienaam; nazwisko; efternamn; 姓; 名字; 苗字;
        ラストネーム""",
    "office": """office; office location; site; location; work location; physical delivery office name; ufficio; sede;
        sede di lavoro; buro; buero; standort; niederlassung; arbeitsort; bureau; lieu; lieu de travail;
        site de travail;
        oficina; sede de trabajo; ubicacion; centro de trabajo; escritorio; local de trabalho; localizacao; kantoor;
        locatie; vestiging; werklocatie; biuro; lokalizacja; miejsce pracy; oddzial; kontor; arbetsplats; ort;
        オフィス; 勤務地; 拠点; 勤務先; 事業所""",
    "cost_centre": """cost centre; cost center; costcentre; costcenter; cost centre code; cost center code;
        cost centre id;
        cost center id; cost center reference id; centro di costo; centro costo; cdc; kostenstelle; centre de cout;
        centre de couts; centre de cout s; centro de coste; centro de costes; centro de costo; centro de costos;
        centro de custo; centro de custos; kostenplaats; centrum kosztow; mpk; miejsce powstawania kosztow;
        kostnadsstalle; コストセンター; 原価センタ; 原価センター""",
}
FIELD_BY_HEADING = {
    plain_heading(heading): field for field, text in _TABLE.items() for heading in text.split(";") if heading.strip()
}
ACCOUNTS = frozenset(
    map(
        plain_heading,
        [
            "cognito username",
            "user principal name",
            "userprincipalname",
            "upn",
            "user name",
            "username",
            "login",
            "login name",
            "sign in name",
            "participant id upn",
            "participant id",
            "account",
            "logon name",
            "benutzername",
            "anmeldename",
            "nome utente",
            "nom d utilisateur",
            "nombre de usuario",
            "nome de usuario",
            "gebruikersnaam",
            "nazwa uzytkownika",
            "anvandarnamn",
            "ユーザー名",
            "ユーザー プリンシパル名",
        ],
    )
)
MAIL = re.compile(
    r"\b(e ?mails?|mail ?adress\w*|mails?|courriel|correo|correio|posta elettronica|e ?post\w*|emailadres|mailadres)\b"
    "|" + "|".join(map(plain_heading, ("メール",)))
)
# Somebody else, or another address of the same person than the one at work: never the attendee's by itself.
OTHER = re.compile(
    r"\b("
    r"manager\w*|supervisor\w*|organi[sz]ers?|sponsors?|assistants?|owners?|creators?|hosts?|"
    r"emergency|approvers?|referrers?|contact persons?|team ?leads?|leads?|"
    r"team ?leaders?|leaders?|private|secondary|mentors?|mentees?|delegates?|buyers?|purchasers?|payers?|"
    r"order|orders|orderer|billing|bill to|invoice|alternat(?:e|ive)s?|backup|recovery|cc|bcc|hr|hrbp|recruiters?|"
    r"\w+ed by|requesters?|requestor|submitter|inviters?|nominators?|senders?|reply|reviewers?|"
    r"admins?|administrators?|coordinators?|deput(?:y|ies)|substitutes?|personal|home|previous|former|old|other|support|"
    r"(?:primary|main|key|client|customer|account|site|local) contacts?|point of contact|poc|"
    r"plus one|companions?|begleit\w*|accompagnat\w*|acompan\w*|introduce\w*|towarzysz\w*|medfoljande|"
    r"hotel|vendors?|agency|travel|heads?|boss|chief|superior|reports? to|parents?|guardian|spouse|partners?|"
    r"next of kin|buddy|coach|trainers?|speakers?|panelists?|presenters?|secretary|company|event|venue|project|"
    r"department|team|group|role|product|item|file|session|meeting|webinar|notifications?|"
    r"responsabil\w*|responsavel|capo|caposquadra|capogruppo|superiore|emergenza|privat\w*|assistente|acquirente|"
    r"ordinante|intestatario|ordine|referente|segretari\w*|personale|persona di contatto|contatto di|sostitut[oa]|"
    r"approvatore|organizzatore|ospitante|delegat[oa]|fattur\w*|azienda|secondari[oa]|alternativ\w*|mentore|tutor\w*|"
    r"genitor[ei]|richiedente|coordinator[ei]|dirigente|direttore|relator[ei]|docente|"
    r"(?:iscritt|invitat|inserit|segnalat|creat)[oa] da|"
    r"\w*vorgesetzte\w*|ansprech(?:partner|person)\w*|notfall\w*|assistenz|kaufer\w*|besteller\w*|auftraggeber\w*|"
    r"rechnung\w*|\w*vertret\w*|genehmig\w*|fuhrungskraft|\w*leiter\w*|\w*leitung|chef\w*|sekretari\w*|firma|"
    r"gastgeber\w*|veranstalter\w*|organisat\w*|kontaktperson\w*|betreuer\w*|ausbilder\w*|personalabteilung|"
    r"antragsteller\w*|anmelder\w*|einreicher\w*|zweit\w*|erziehungsberechtigt\w*|eltern|"
    r"(?:angemeldet|eingeladen|erfasst|bestellt|erstellt|genehmigt) (?:von|durch)|"
    r"responsables?|urgence|acheteu\w*|payeur|commande|commanditaire|privee?s?|personnel(?:le)?s?|assistante?s?|"
    r"superieure?s?|approbat\w*|valideur|hote|facturation|facture|secondaire|parrain|drh|rh|tuteur|suppleante?|"
    r"deleguee?|secretaire|secretariat|referente?|societe|entreprise|demandeur|expediteur|copie|"
    r"personnes? (?:de|a) contact\w*|contact d|\w+(?:e|i|it|is|u)e? par|"
    r"jef[ea]s?|emergencia|comprador\w*|pagador\w*|pedido|privad[oa]s?|particular|asistenta|supervisor[ae]?s?|"
    r"aprobador\w*|empresa|organizador\w*|anfitrion\w*|facturacion|factura|lider\w*|personas? de contac?to|"
    r"secundari[oa]|patrocinador\w*|rrhh|recursos humanos|suplente|solicitante|remitente|copia|"
    r"(?:inscrit|invitad|registrad|cread|convidad|criad|aprovad|aprobad)[oa] por|"
    r"gestor\w*|gerente|chefia|pessoal|fatur\w*|anfitria\w*|aprovador\w*|pessoas? de conta[c]?to|conta[c]?to de|"
    r"remetente|encarregad[oa]|"
    r"leidinggevende|noodcontact|nood\w*|koper|betaler|bestelling|prive\w*|assistente?n?|contactpersoon|teamleider|"
    r"afdelingshoofd|factuur\w*|gastheer|goedkeurder|persoonlijk\w*|tweede|secundair\w*|alternatie\w*|vervanger|"
    r"plaatsvervanger|secretaresse|aanvrager|afzender|kopie|ouders?|voogd|begeleider|"
    r"\w+ door|"
    r"prze[lł]ozon\w*|kierownik\w*|menedzer\w*|asystent\w*|prywatn\w*|alarmow\w*|awaryjn\w*|kupujac\w*|"
    r"zamawiajac\w*|p[lł]atnik\w*|faktur\w*|gospodarz\w*|zatwierdzajac\w*|akceptujac\w*|osob\w+ (?:do )?kontakt\w*|"
    r"dodatkow\w*|alternatywn\w*|zapasow\w*|zastepc\w*|sekretar\w*|wnioskodawc\w*|zg[lł]aszajac\w*|nadawc\w*|"
    r"rodzic\w*|opiekun\w*|\w+ przez|"
    r"narmaste|nodkontakt\w*|nod\w*|kopare|bestallare|betalare|arbetsledare|arrangor\w*|vardens?|godkannare|attestant|"
    r"teamledare|personlig\w*|sekundar\w*|ersattare|sekreterare|avsandare|kopia|malsman|foralder|"
    r"(?:anmald|inbjuden|skapad|registrerad) av"
    r")\b|"
    + plain_heading(
        "上司 上長 緊急 購入者 注文者 支払 請求 個人 私用 自宅 プライベート 申込者 責任者 承認者 秘書 管理者 主催者 "
        "担当者 代理 紹介者 推薦者 予備 部長 課長 マネージャー アシスタント 講師 人事 リーダー 送信者 保護者 会社名"
    ).replace(" ", "|")
)
OWN = re.compile(
    r"\b("
    r"attendees?|participants?|registrants?|recipients?|invitees?|guests?|ticket ?holders?|tickets?|workers?|"
    r"employees?|racers?|students?|learners?|members?|users?|your|my|candidates?|external data|person|"
    r"partecipant[ei]|iscritt[oaie]|tuo|tua|dipendente|teilnehmer(?:in|innen)?s?|teilnehmenden?|mitarbeiter(?:in)?s?|"
    r"ihre?|deine?|participante?s?|inscrits?|votre|salarie|asistentes?|inscritos?|su|tu|empleado|"
    r"seu|colaborador|inscrito|deelnemers?|uw|jouw|medewerkers?|uczestnik\w*|twoj|pracownik\w*|deltagar\w*|din|ditt|"
    r"anstalld\w*"
    r")\b|" + "|".join(map(plain_heading, ("参加者", "受講者", "あなたの", "ご本人", "社員")))
)
# The address that the company gave: "Company email", "E-mail da empresa", "Jobb-e-post".
AT_WORK = re.compile(
    r"\b(work|business|company|corporate|office|at work|aziendal[ei]|(?:dell? )?azienda|di lavoro|"
    r"geschaft\w*|dienst\w*|firmen|beruflich\w*|arbeits|"
    r"professionnel\w*|de travail|de l entreprise|corporativ\w*|de la empresa|del trabajo|laboral|profesional|"
    r"da empresa|do trabalho|profissional|"
    r"zakelijk\w*|werk|van het werk|"
    r"s[lł]u[zż]bow\w*|firmow\w*|w pracy|jobb|arbete|arbets)\b|"
    + "|".join(map(plain_heading, ("会社のメール", "会社メール", "社用", "勤務先メール", "職場")))
)
UPN = re.compile(r"\bupn\b")
# "Email verified", "Email status": about the address, and not the address.
ABOUT_MAIL = re.compile(
    r"\bmails?( address)? (verified|status|types?|sent|opt|consent|subject|domain|language|format|preferences?|"
    r"bounced?|valid|confirmed|count|delivered|opened|client|provider|notifications?|reminders?|subscri\w+|marketing)\b"
)
NOT_HIS_NAME = re.compile(r"\b(tickets?|users?|members?) names?\b")
