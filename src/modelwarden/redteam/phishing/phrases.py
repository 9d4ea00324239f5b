"""Words that generated pages are made of. All names are invented."""

from __future__ import annotations

BRANDS = tuple(
    tuple(line.split("|"))
    for line in """
Nordhaven Bank|nordhaven.com|bank
Paylantic|paylantic.com|pay
Cloudoria|cloudoria.io|mail
Shipora Express|shipora.com|parcel
Streamella|streamella.tv|media
Veltrano|veltrano.net|shop
Credenza Trust|credenzatrust.com|bank
Mailvista|mailvista.com|mail
Docubay|docubay.io|mail
Parcelion|parcelion.de|parcel
Kronwerk Sparbank|kronwerk.de|bank
Luminary Telecom|luminarytel.com|telecom
Taxonis|taxonis.org|public
Gamewright Arena|gamewright-arena.com|media
Coinharbor|coinharbor.exchange|pay
Fjordair|fjordair.no|travel
Bristlecone Insurance|bristlecone.co.uk|insurance
Hearthly|hearthly.com|shop
Polarfax|polarfax.com|telecom
Meridian Mutual|meridianmutual.com|bank
Quillpost|quillpost.com|mail
Ostervale University|ostervale.edu|public
Sundrift Travel|sundrift.travel|travel
Brightcart|brightcart.store|shop
Orbitel|orbitel.es|telecom
""".strip().splitlines()
)

SITES = tuple(
    """greenfieldpottery.com oakandiron.net tandemcycling.org lakeviewdental.com
    brookside-bakery.co.uk
    mapleridgehomes.com studiohaus.de pinewoodschool.org northshorerowing.com vintagekeys.fr
    rosslynmusic.ie harborlightsinn.com tinytrailers.com.au cedarlanevet.com artisanclay.it
    bluefinch-books.com solarworks.es mountaingear.ch citychoir.org dunes-photo.nl freshfields.farm
    millstream-mills.com urbanroots.org thewoolshop.no quiltersguild.org riverbendgolf.com
    steelcraft.pl amberlights.se openlabs.dev fernwood-law.com gatewayplumbing.com silverpine.at
    """.split()
)

TOPICS = tuple(
    tuple(line.split("|"))
    for line in """
gardens|plants soil season watering roses compost pruning harvest seedlings greenhouse
bread|flour yeast oven crust dough starter baking loaf rye butter
bicycles|frame gears brakes trail saddle chain wheel ride helmet route
music|concert choir violin rehearsal stage album melody tickets festival orchestra
software|release version module library install test function build server package
travel|hotel island coast train museum breakfast mountain guide weekend luggage
health|clinic patient dental sleep exercise nutrition doctor visit wellness care
business|report quarter growth market partner strategy annual shareholders revenue office
school|pupils lessons term teacher library science project sports parents exam
crafts|wool pottery glaze needle pattern fabric workshop wood clay paint
""".strip().splitlines()
)

GLUE = (
    "we offer our with for from and the new this year more about find read learn join visit "
    "discover every simple family local quality team great open today online best small world"
).split()

NAV = tuple(
    "Home|About|Products|Services|News|Blog|Contact|Careers|Support|Shop|Events|Gallery|Press|Team|"
    "Prices|Locations|Help|Community|Partners|Download".split("|")
)
LEGAL = ("Privacy", "Terms", "Imprint", "Cookies", "Accessibility", "Sitemap", "Security")

ALARMS = (
    "Your account has been limited. Please verify your information to restore access.",
    "We noticed unusual activity. Sign in to confirm your identity.",
    "Your session has expired. Log in again to continue.",
    "Your mailbox is almost full. Validate your account within 24 hours.",
    "Action required: update your billing information to avoid suspension.",
    "A document has been shared with you. Sign in with your email to view it.",
    "Your parcel could not be delivered. Confirm your address and pay the fee.",
    "For your security, please confirm your card details.",
    "You have a pending refund. Enter your details to receive the payment.",
    "Unauthorized login attempt detected. Secure your account immediately.",
    "Verify your wallet to keep your funds safe.",
    "Enter your password to continue.",
)
CALM = (
    "Welcome back. Sign in to your account.",
    "Sign in to manage your orders and details.",
    "Log in to continue to your dashboard.",
    "New here? Create an account in a minute.",
    "Enter your email and password.",
    "We never ask for your password by email. Check the address of this page.",
    "Use your customer number and your PIN.",
)
BUTTONS = ("Sign In", "Log In", "Continue", "Next", "Confirm", "Submit", "Verify", "Unlock")
ENDINGS = "com net org xyz top online site info tk ml club live link click work ru cn icu".split()
FREE_HOSTS = (
    "pages-free.app",
    "webhostly.net",
    "sitebuilder.site",
    "formcloud.app",
    "my-free-web.com",
)
