# Sourced by ./outreach, which sets $root. Brings the machine to the point where our own Python can do the rest:
# uv is found or fetched, the main environment is in place, and only one set-up runs at a time.

python=$root/.venv/bin/python
state=$root/var/setup
logs=$root/var/log
lock=$state/lock
child=''
lock_taken=''

# A variable of the user's shell must not send our environments or imports elsewhere.
unset VIRTUAL_ENV PYTHONHOME PYTHONSTARTUP UV_PROJECT UV_PYTHON CONDA_PREFIX
# Nor make every start compile every module anew: that is ten seconds in place of two.
unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
export PYTHONPATH="$root"
export PYTHONUTF8=1
export RASA_TELEMETRY_ENABLED=false
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
# uv brings its own list of authorities, which knows nothing of an office's proxy; the machine's own list does.
for authorities in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    [ ! -s "$authorities" ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-true}"
done
export PIP_DISABLE_PIP_VERSION_CHECK=1

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
    zh*) language=zh ;;
    *) language=en ;;
esac

say() {
    if [ "$language" = zh ]; then
        printf '%s\n' "$1"
    else
        printf '%s\n' "$2"
    fi
}

overview() {
    cat "$root/setup/overview.$language.txt"
}

fail() {
    say "$1" "$2" >&2
    exit 1
}

# Set-up that all steps' stamps call complete costs two reads and one short Python start.
prepare() {
    if main_is_current && "$python" -P -m setup --check "$1"; then
        return
    fi
    (umask 077 && mkdir -p "$state" "$logs") 2>/dev/null && [ -w "$state" ] && [ -w "$root" ] || fail \
        "无法写入 $root。请把项目放到您有写权限的目录，或修改目录权限后重试。" \
        "Cannot write to $root. Move the project to a folder you may write to, or change its permissions, and try again."
    trap release EXIT
    trap 'stop 130' INT
    trap 'stop 143' TERM HUP
    take_lock
    main_is_current || prepare_main
    "$python" -P -m setup "$1" &
    wait_for_child || exit 1
    release
    trap - EXIT INT TERM HUP
}

# One set-up at a time

take_lock() {
    announced=''
    while ! mkdir "$lock" 2>/dev/null; do
        holder=$(cat "$lock/pid" 2>/dev/null || true)
        if [ -z "$holder" ]; then
            # Either its owner is between mkdir and the next line, or it was killed there.
            sleep 2
            holder=$(cat "$lock/pid" 2>/dev/null || true)
        fi
        if ! is_alive "$holder"; then
            break_lock "$holder"
            continue
        fi
        [ -n "$announced" ] || say "另一个安装正在进行（进程 $holder），等它完成…" \
            "Another set-up is running (process $holder); waiting for it…"
        announced=yes
        sleep 1
    done
    lock_taken=yes
    echo $$ >"$lock/pid"
}

# A number that now belongs to some other program is no set-up of ours.
is_alive() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
    command -v ps >/dev/null 2>&1 || return 0
    case $(ps -p "$1" -o args= 2>/dev/null) in
        *outreach*) return 0 ;;
        *) return 1 ;;
    esac
}

# Renaming lets one of several waiters win; one that moved a lock taken in the meantime gives it back.
break_lock() {
    aside=$lock.stale.$$
    mv "$lock" "$aside" 2>/dev/null || return 0
    if [ "$(cat "$aside/pid" 2>/dev/null || true)" = "$1" ]; then
        rm -rf "$aside"
    else
        mv "$aside" "$lock"
    fi
}

release() {
    [ -z "$lock_taken" ] || rm -rf "$lock"
    lock_taken=''
}

stop() {
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -TERM "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    say "安装已中断；再运行一次会接着做。" "Set-up was interrupted; run it again and it continues." >&2
    exit "$1"
}

# A shell runs its traps only once a foreground child has ended, so long work is started with & and waited for here.
wait_for_child() {
    child=$!
    status=0
    wait "$child" || status=$?
    child=''
    return "$status"
}

# uv and the main environment

main_key() {
    cat "$root/uv.lock" "$root/pyproject.toml" | cksum
}

main_is_current() {
    [ -x "$python" ] && [ -f "$state/main" ] && [ "$(cat "$state/main")" = "$(main_key)" ]
}

prepare_main() {
    if ! find_uv; then
        step "$logs/uv.log" "uv（Python 包管理工具）" "uv (the Python package tool)" fetch_uv
        find_uv || fail "uv 无法在本机运行。请自行安装 uv 后重试。" "uv does not run here. Install uv yourself and try again."
    fi
    echo "$uv" >"$state/uv"
    # Half an environment (killed while it was made) is refused by uv; start it afresh.
    "$python" -c '' 2>/dev/null || rm -rf "$root/.venv"
    step "$logs/main.log" "主程序的 Python 环境" "Python environment of the main program" sync_main
    main_key >"$state/main.new"
    mv "$state/main.new" "$state/main"
}

find_uv() {
    for uv in "$(command -v uv || true)" "$root/var/tools/bin/uv" "${HOME:-/nonexistent}/.local/bin/uv" \
        "${HOME:-/nonexistent}/.cargo/bin/uv" /opt/homebrew/bin/uv /usr/local/bin/uv /home/linuxbrew/.linuxbrew/bin/uv; do
        # An old uv can't read our locks; it then counts as missing.
        [ -n "$uv" ] && "$uv" export --frozen --quiet --project "$root/setup/uv" >/dev/null 2>&1 && return 0
    done
    return 1
}

# A Python compiled without the compiler's profile, as pyenv compiles one unless told, runs us a fifth slower:
# it is taken only where there is no other. Distributions' own, under /usr, have it without saying so.
find_python() {
    find_python_that 'import sysconfig
usual = sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
sys.exit(not usual)' || find_python_that ''
}

# find_python_that CODE: the first Python new enough with which CODE exits well.
find_python_that() {
    pyenv=${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}
    for base in python3.13 python3.12 python3.11 python3 \
        "$pyenv"/versions/3.13*/bin/python3 "$pyenv"/versions/3.12*/bin/python3 "$pyenv"/versions/3.11*/bin/python3 \
        /opt/homebrew/bin/python3 /usr/local/bin/python3 /usr/bin/python3; do
        # pyenv's shims exist for versions that aren't selected: only running one tells.
        "$base" -c "import sys
if sys.version_info < (3, 11): sys.exit(1)
$1" >/dev/null 2>&1 && return 0
    done
    return 1
}

# pip first: it knows the mirror a machine is set up for. A Python without pip or venv (Debian splits them off)
# fetches the wheel named in the lock.
fetch_uv() {
    find_python || {
        say "找不到 uv，也找不到 Python 3.11 以上版本。请安装其中一个后重试（例如 Debian/Ubuntu: apt install python3；macOS: brew install uv）。" \
            "Neither uv nor Python 3.11 or newer was found. Install one of them and try again (Debian/Ubuntu: apt install python3; macOS: brew install uv)."
        return 1
    }
    tools=$root/var/tools
    rm -rf "$tools"
    pinned=$(sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' "$root/setup/uv/pyproject.toml")
    { "$base" -m venv "$tools" && "$tools/bin/python" -m pip install --quiet "$pinned"; } ||
        "$base" "$root/setup/uv_wheel.py" "$root/setup/uv/uv.lock" "$tools/bin/uv"
}

sync_main() {
    set -- sync --frozen --quiet --project "$root"
    # uv's own choice may be a Python newer than the locked packages were built for.
    [ -x "$python" ] || { find_python && set -- "$@" --python "$("$base" -c 'import sys; print(sys.executable)')"; } ||
        set -- "$@" --python 3.12
    export UV_PROJECT_ENVIRONMENT="$root/.venv"
    # exec: what an interrupted set-up ends is then uv itself, not a shell in front of it.
    exec "$uv" "$@"
}

# step LOG 中文 ENGLISH COMMAND...: names the step, keeps its noise in a log, says how long it took.
step() {
    log=$1
    label=$(say "$2" "$3")
    shift 3
    began=$(date +%s)
    [ ! -t 1 ] || printf '  … %s' "$label"
    "$@" >"$log" 2>&1 &
    if wait_for_child; then
        [ ! -t 1 ] || printf '\r'
        printf '  ✓ %s  %s s\n' "$label" "$(($(date +%s) - began))"
        return
    fi
    [ ! -t 1 ] || printf '\r'
    printf '  ✗ %s\n' "$label" >&2
    tail -n 30 "$log" >&2
    fail "完整日志: $log。多半是网络问题: 请检查网络或代理（HTTPS_PROXY、SSL_CERT_FILE），再运行一次会接着做。" \
        "Whole log: $log. Most often this is the network: check it or the proxy (HTTPS_PROXY, SSL_CERT_FILE); run again and it continues."
}
