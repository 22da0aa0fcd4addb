#!/usr/bin/env python3
"""Publishes a tone and a test picture with GStreamer's webrtcbin by WHIP, until its standard input ends.

    whip-publish.py URL TOKEN [HZ]

Prints one line for each thing that happens: "created LOCATION", "ice STATE", "connection STATE", "refused STATUS", "deleted STATUS".
"""
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

URL, TOKEN = sys.argv[1], sys.argv[2]
HZ = sys.argv[3] if len(sys.argv) > 3 else "440"

Gst.init(None)
loop = GLib.MainLoop()
session = None

pipeline = Gst.parse_launch(f"""
    webrtcbin name=rtc bundle-policy=max-bundle
    audiotestsrc is-live=true freq={HZ} volume=0.5 ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay pt=97
        ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc.
    videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 keyframe-max-dist=3000 ! rtpvp8pay pt=96
        ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! rtc.
""")
rtc = pipeline.get_by_name("rtc")


def say(*words):
    print(*words, flush=True)


def request(method, url, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    made = urllib.request.Request(url, data=body, method=method, headers={"Authorization": "Bearer " + TOKEN, **headers})
    try:
        with urllib.request.urlopen(made, timeout=30) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def on_offer(promise, *_):
    promise.wait()
    reply = promise.get_reply()         # the offer lives as long as this
    offer = reply.get_value("offer")
    text = offer.sdp.as_text()
    rtc.emit("set-local-description", offer, Gst.Promise.new())
    threading.Thread(target=post, args=(text,), daemon=True).start()


def post(offer):
    global session
    status, headers, answer = request("POST", URL, offer.encode(), Content_Type="application/sdp")
    if status != 201:
        say("refused", status, answer)
        GLib.idle_add(loop.quit)
        return
    session = urllib.parse.urljoin(URL, headers["Location"])
    say("created", session)
    _, message = GstSdp.SDPMessage.new_from_text(answer)
    description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    rtc.emit("set-remote-description", description, Gst.Promise.new())


def on_negotiation_needed(_):
    for index in range(2):
        transceiver = rtc.emit("get-transceiver", index)
        if transceiver:
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, None, None))


def on_message(_, message):
    if message.type == Gst.MessageType.ERROR:
        say("error", message.parse_error()[0].message)
        loop.quit()


def wait_for_end():
    sys.stdin.read()
    GLib.idle_add(loop.quit)


rtc.connect("on-negotiation-needed", on_negotiation_needed)
rtc.connect("notify::ice-connection-state", lambda *_: say("ice", rtc.get_property("ice-connection-state").value_nick))
rtc.connect("notify::connection-state", lambda *_: say("connection", rtc.get_property("connection-state").value_nick))
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", on_message)
threading.Thread(target=wait_for_end, daemon=True).start()
pipeline.set_state(Gst.State.PLAYING)
loop.run()
if session:
    say("deleted", request("DELETE", session)[0])
pipeline.set_state(Gst.State.NULL)
