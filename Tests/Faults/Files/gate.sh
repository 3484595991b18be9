#!/bin/sh
# A hook of a plan that waits for as long as its gate is closed: gate.sh pre|post
#
# A gate is a FIFO beside which the hook says that it has come. A file NAME.forks makes it leave children behind, which
# are somebody else's to end if the hook is killed; one that ends well takes them with it.
cd /gate || exit 1
children=
if [ -e "$1.forks" ]; then
  # One that keeps the hook's output open, and one that has left its session.
  sleep 86399 &
  children=$!
  setsid sleep 86399 >/dev/null 2>&1 </dev/null &
  children="$children $!"
fi
echo >"$1.reached"
[ ! -p "$1" ] || read -r _ <"$1"
[ -z "$children" ] || kill $children
exit 0
