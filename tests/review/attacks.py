"""What a revision's program may try, as data, and what must hold of each in a sandbox and without one."""

import dataclasses
from dataclasses import dataclass

MARKER = "a-process-that-a-side-left"
"""An argument of what a side starts, by which it is found."""

_TELL = "raise RuntimeError('found: ' + repr(found))\n"


@dataclass(frozen=True)
class Attack:
    """A program of the head; `@REPO@`, `@SECRET@` and `@PORT@` are filled in before it is committed."""

    name: str
    program: str
    said: str | None = None
    """What the head's mistake says in a sandbox; None where its plan stands."""
    said_without: str | None = "as in a sandbox"
    """The same without a sandbox."""

    @property
    def without(self) -> str | None:
        return self.said if self.said_without == "as in a sandbox" else self.said_without


def _read(name: str, paths: str, said: str, said_without: str | None) -> Attack:
    program = f"""
import glob, os, pathlib, pwd
found = []
for path in {paths}:
    try:
        found.append(pathlib.Path(path).read_bytes())
    except OSError as error:
        found.append(type(error).__name__)
{_TELL}"""
    return Attack(name, program, said, said_without)


_SLEEP = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{MARKER}']"


def _says(name: str, line: str, said: str) -> Attack:
    program = f"""
import os
line = {line}
for number in range(3, 30):
    try:
        os.write(number, line.encode() + b'\\n')
    except OSError:
        pass
os._exit(0)
"""
    return Attack(f"says {name}", program, said)


ATTACKS = (
    _read("reads a secret of the user's by its path", "['@SECRET@']", "FileNotFoundError", "planted-file"),
    _read("follows a link out of the project", "[root / 'link']", "FileNotFoundError", "planted-file"),
    _read("reads the repository", "['@REPO@/.git/config']", "FileNotFoundError", "repositoryformatversion"),
    _read("reads the account's real home", "[pwd.getpwuid(os.getuid()).pw_dir + '/.']", "found: ", "found: "),
    Attack(
        "looks for other processes",
        f"import glob; found = len(glob.glob('/proc/[0-9]*')) > 4\n{_TELL}",
        "found: False",
        "found: True",
    ),
    Attack(
        "writes into the repository",
        "open('@REPO@/.git/planted', 'w').write('x')",
        "FileNotFoundError",
        None,
    ),
    Attack(
        "writes into its own folder",
        "(root / 'planted').write_text('x')",
        "Read-only file system",
        None,
    ),
    Attack(
        "changes what the base is made of",
        """
import pathlib
# Of this review alone: others of the same user may be at work on the machine.
for path in pathlib.Path(root).parent.glob('base/Pulumi.*'):
    path.write_text('#{}')
""",
    ),
    Attack(
        "opens what came of the base",
        """
import glob, os
for path in glob.glob('/proc/*/fd/*'):
    if 'deleted' in (os.readlink(path) if os.path.islink(path) else ''):
        with open(path, 'rb') as file:
            if b'of-the-base' in file.read():
                raise RuntimeError('found: ' + path)
""",
        None,
        # The superuser looks into every process; what belongs to the review is then still the base's own.
        "anything",
    ),
    Attack(
        "reaches a server of the machine's",
        f"""
import socket
try:
    found = socket.create_connection(('127.0.0.1', @PORT@), 5) and 'connected'
except OSError as error:
    found = type(error).__name__
{_TELL}""",
        "ConnectionRefusedError",
        "connected",
    ),
    Attack("leaves a process behind", f"import subprocess, sys; subprocess.Popen({_SLEEP})"),
    Attack(
        "leaves a daemon behind",
        f"""
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, {_SLEEP})
    os._exit(0)
os.wait()
""",
    ),
    Attack(
        "leaves many that leave more",
        f"""
import os, subprocess, sys
more = 'import subprocess, sys; subprocess.Popen(' + repr({_SLEEP}) + ', start_new_session=True)'
sleep = [sys.executable, '-c', more + '; import time; time.sleep(600)', '{MARKER}']
for _ in range(20):
    subprocess.Popen(sleep, start_new_session=True)
""",
    ),
    Attack(
        "ends the process that started it",
        "import os, signal; os.kill(1, signal.SIGKILL)\nif os.getpid() < 10: os.kill(os.getppid(), signal.SIGKILL)",
        None,
        "skip",
    ),
    Attack("prints without end", "while True: print('x' * 10000)", "it printed more than 16 MiB"),
    Attack(
        "prints without end from a process that it starts",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: print(1000 * chr(120))'])",
        "it printed more than 16 MiB",
    ),
    Attack(
        "writes without end",
        """
import os
while True:
    for number in range(3, 30):
        try:
            os.write(number, b'x' * 60000)
        except OSError:
            pass
""",
        "it wrote more than",
    ),
    Attack(
        "fills the disk with a file",
        "import os\nwith open(os.environ['HOME'] + '/large', 'wb') as file:\n"
        "    for _ in range(100): file.write(bytes(2**20))",
        "File too large",
    ),
    Attack("takes all memory", "bytearray(2**40)", "MemoryError"),
    Attack(
        "closes its output and waits",
        "import os, time; os.closerange(1, 30); time.sleep(600)",
        "more than 3 seconds",
    ),
    Attack(
        "lifts its limits",
        f"""
import resource
found = [resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1] for name in ('AS', 'FSIZE', 'CPU', 'NPROC')]
found = [0 < most < 2**33 for most in found]
{_TELL}""",
        "[True, True, True, True]",
    ),
    Attack("is killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    Attack("ends well, and says nothing", "import os; os._exit(0)", "its process ended with 0"),
    Attack(
        "locks itself into its home",
        "import os; os.chdir(os.environ['HOME'])\n"
        "for _ in range(2000): os.mkdir('d'), os.chdir('d')\nos.chmod('.', 0); os.chdir(os.environ['HOME'])",
    ),
    _says("nothing", "''", "no plan that this version reads"),
    _says("rubbish", "'rubbish'", "no plan that this version reads"),
    _says("a list", "'[]'", "neither a plan nor a mistake"),
    _says("a number without end", "'{\"plan\": 1e999}'", "has too many digits"),
    _says("no number", "'{\"plan\": NaN}'", "NaN is no number of JSON"),
    _says("a key twice", '\'{"plan": 1, "plan": 2}\'', "'plan' is there twice"),
    _says("brackets without end", "'[' * 60000", "nested"),
    _says("a depth that JSON takes", "'{\"plan\": ' + '[' * 300 + ']' * 300 + '}'", "nested too deeply, over 100"),
    _says("a digit without end", "'{\"plan\": ' + '9' * 50000 + '}'", "no plan that this version reads"),
    _says(
        "no text", "'\\udcff\\udcfe'.encode('utf-8', 'surrogateescape').decode('latin-1')", "no plan that this version"
    ),
    _says("a mistake that is none", "'{\"mistake\": 7}'", "neither a plan nor a mistake"),
    _says("a plan of nothing", "'{\"plan\": {}}'", "not a saved plan"),
    _says("resources that are none", '\'{"plan": {"version": 1, "settings": {}, "resources": [7]}}\'', "resources.0"),
    _says("no version", '\'{"plan": {"version": [], "settings": {}, "resources": []}}\'', "version"),
)

BY_NAME = {attack.name: attack for attack in ATTACKS}


def filled(attack: Attack, **words: object) -> Attack:
    program = attack.program
    for name, word in words.items():
        program = program.replace(f"@{name.upper()}@", str(word))
    return dataclasses.replace(attack, program=program)
