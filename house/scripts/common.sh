# What the scripts of this checkout have in common: a JDK, Maven's options, one run at a time. Sourced by them, who set
# "script", their name, and may set "jdk_option", how else a JDK is named.

oldest=17

# absolute PATH FROM: the path, as it is meant in the folder FROM.
absolute() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$2/$1" ;;
  esac
}

# feature DIR: the feature release of the JDK there, 0 when there is none.
feature() {
  local version
  version=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac \(1\.\)\{0,1\}\([0-9]*\).*/\2/p') || true
  echo "${version:-0}"
}

# Every folder under /usr/lib/jvm that is a JDK, each once.
installed_jdks() {
  local javac
  for javac in /usr/lib/jvm/*/bin/javac; do
    [ ! -x "$javac" ] || (cd "${javac%/bin/javac}" && pwd -P)
  done | sort -u
}

newest_jdk() {
  local jdk
  installed_jdks | while read -r jdk; do echo "$(feature "$jdk") $jdk"; done | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

no_jdk() {
  printf '%s: %s, name one with %sJAVA_HOME\n' "$script" "$1" "${jdk_option:+$jdk_option or }" >&2
  exit 1
}

# Sets JAVA_HOME to a JDK that can build Waybill: the one it names, that of the javac on the path, or the newest.
choose_jdk() {
  local javac
  if [ -z "${JAVA_HOME:-}" ]; then
    javac=$(command -v javac || true)
    [ -n "$javac" ] && JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$javac")")") || JAVA_HOME=$(newest_jdk)
    [ -n "$JAVA_HOME" ] || no_jdk "there is no JDK: install JDK $oldest or newer (on Debian: apt-get install openjdk-17-jdk-headless)"
  fi
  [ -x "$JAVA_HOME/bin/javac" ] || no_jdk "$JAVA_HOME is no JDK, it has no bin/javac: Waybill needs JDK $oldest or newer"
  [ "$(feature "$JAVA_HOME")" -ge "$oldest" ] ||
    no_jdk "the JDK in $JAVA_HOME is release $(feature "$JAVA_HOME"): Waybill needs $oldest or newer"
  export JAVA_HOME
}

# Maven's own libraries make newer JDKs print warnings that say nothing about Waybill.
quiet_maven() {
  case ${MAVEN_OPTS:-} in
    *-XX:+Use*GC*) ;; # two collectors are an error
    *) MAVEN_OPTS="-XX:+UseSerialGC ${MAVEN_OPTS:-}" ;;
  esac
  [ "$(feature "$JAVA_HOME")" -lt 24 ] ||
    MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $MAVEN_OPTS"
  export MAVEN_OPTS
}

# lock -x|-s: keeps other runs from building in this checkout (-x alone, -s beside others that only run what is built)
# until this process ends; waits while one does. Locks the folder itself, as descriptor 8, which children are not to
# inherit: 8>&-. Nothing where there is no flock.
lock() {
  command -v flock >/dev/null || return 0
  [ -n "${locked:-}" ] || exec 8<.
  locked=yes
  flock -n "$1" 8 || {
    printf '%s: waiting for another run in this checkout …\n' "$script" >&2
    flock "$1" 8
  }
}

# build MODULE: what that module runs with, without tests.
build() {
  ./mvnw -q -B -pl "$1" -am -Dmaven.test.skip -Dspotless.check.skip -Dmaven.javadoc.skip -Dcyclonedx.skip package 8>&-
}
