#!/bin/sh
# The first process of the guest. It makes this machine's files, read-only, a running system with a Bluetooth service,
# runs script.sh in the folder $SHARED, leaves its exit code there, and switches the guest off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp NO_COLOR=1 COLUMNS=120

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t hostfs -o "$SHARED" hostfs /mnt
for place in /run /tmp /var/lib/bluetooth; do mount -t tmpfs tmpfs $place; done
for place in "$PROJECT" "$ENVIRONMENT"; do # where a checkout lies in what was just covered
  [ -e "$place" ] || { mkdir -p "$place" && mount -r -t hostfs -o "$place" hostfs "$place"; }
done
cd /mnt || exit

start_bluetooth() {
  /usr/libexec/bluetooth/bluetoothd --nodetach >>bluetoothd.log 2>&1 &
  bluetoothd=$!
}

stop_bluetooth() {
  kill $bluetoothd
  wait $bluetoothd
}

adapter_is_there() { # half a minute at most
  timeout 30 sh -c 'until bluetoothctl list | grep --quiet Controller; do sleep 0.1; done' 2>/dev/null
}

until_says() { # FILE WORDS; a minute at most
  timeout 60 sh -c 'until grep --quiet --no-messages -- "$2" "$1"; do sleep 0.1; done' - "$1" "$2"
}

put_on() { # OPTIONS of anyecg simulate; its figures go to worn.json
  anyecg simulate --radio vhci --json "$@" >worn.json 2>worn.err &
  worn=$!
  until_says worn.err Listen
  timeout 60 sh -c 'until bluetoothctl show | grep --quiet "Powered: yes"; do sleep 0.1; done' 2>/dev/null
}

take_off() {
  kill -INT $worn
  wait $worn
}

start_run() { # OPTIONS of anyecg run; until it streams; its figures go to run.json
  anyecg run --store /tmp/run.db --json "$@" >run.json 2>run.err &
  run=$!
  until_says run.err "first samples"
}

end_run() {
  kill -INT $run
  wait $run
}

mkdir /run/dbus
dbus-daemon --system --fork --nopidfile
(
  set -e
  start_bluetooth
  . ./script.sh
)
echo $? >code
dmesg >kernel.log
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)' # RB_POWER_OFF
