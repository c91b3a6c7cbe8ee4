/** English. Sentence case, no jargon on the first level, no blame; says who, why and what to do. */
import type { DeviceProblem } from '../backend/bindings/DeviceProblem';
import type { DeviceRole } from '../backend/bindings/DeviceRole';
import type { EndReason } from '../backend/bindings/EndReason';
import type { ErrorCode } from '../backend/bindings/ErrorCode';
import type { Path } from '../backend/bindings/Path';
import type { RelayProblem } from '../backend/bindings/RelayProblem';

type ByReason<T> = Record<EndReason, T>;

const deviceFailed: Record<DeviceRole, Record<DeviceProblem, string>> = {
  camera: {
    missing: 'No camera was found. Plug one in, or go on without.',
    busy: 'Another program is using the camera. Close it there, then choose the camera again.',
    refused:
      'The system does not allow Tincan to use the camera. Allow it in the system’s privacy settings.',
    lost: 'The camera was unplugged. Plug it in again, or choose another.',
    unusable: 'This camera offers no picture that Tincan can use. Choose another.',
  },
  microphone: {
    missing: 'No microphone was found. Plug one in so that others can hear you.',
    busy: 'Another program is using the microphone. Close it there, then choose the microphone again.',
    refused:
      'The system does not allow Tincan to use the microphone. Allow it in the system’s privacy settings.',
    lost: 'The microphone was unplugged. Plug it in again, or choose another.',
    unusable: 'This microphone offers no sound that Tincan can use. Choose another.',
  },
  speaker: {
    missing: 'No speaker was found. Plug one in, or headphones.',
    busy: 'Another program is using the speaker. Close it there, then choose the speaker again.',
    refused:
      'The system does not allow Tincan to play sound. Allow it in the system’s privacy settings.',
    lost: 'The speaker was unplugged. Plug it in again, or choose another.',
    unusable: 'This speaker cannot play what Tincan sends. Choose another.',
  },
};

const ended: ByReason<(name: string) => string> = {
  localHangup: () => 'You ended the call.',
  remoteHangup: (name) => `${name} ended the call.`,
  cancelled: () => 'You cancelled the call.',
  missed: (name) => `You missed a call from ${name}.`,
  declined: () => 'You declined the call.',
  remoteDeclined: (name) => `${name} declined the call.`,
  busy: (name) => `${name} is on another call.`,
  noAnswer: (name) => `${name} did not answer.`,
  unreachable: (name) => `${name} is not online right now.`,
  noRelay: (name) => `The relay is not reachable, so ${name} could not be called.`,
  noPath: (name) => `No connection to ${name} could be found.`,
  connectionLost: (name) => `The connection to ${name} was lost and did not come back.`,
  peerGone: (name) => `${name}’s Tincan stopped answering.`,
  incompatible: (name) => `${name} uses a version of Tincan that does not fit this one.`,
  replaced: (name) => `${name} called again, so this call was replaced.`,
  internalError: () => 'Tincan could not carry the call on because of a fault of its own.',
};

/** What failed and what can be done; only for ends that are failures. */
const explained: Partial<ByReason<(name: string) => string>> = {
  unreachable: (name) =>
    `${name}’s computer is off, offline, or Tincan is not open there. Ask them to open Tincan, then call again.`,
  noRelay: () =>
    'The relay introduces two people to each other. Check your internet connection and the relay address in Settings, Network.',
  noPath: (name) =>
    `Your network and ${name}’s did not let the call through. Another network helps, such as a phone’s hotspot, or a TURN server in Settings, Network.`,
  connectionLost: () =>
    'Nothing came through for a while. Check the internet connection on both sides, then call again.',
  peerGone: (name) =>
    `The program or the computer on ${name}’s side stopped without saying so. Call again in a moment.`,
  incompatible: () =>
    'Both of you need the same version of Tincan. Install the newest one on both sides.',
  internalError: () => 'Call again. If it happens again, close Tincan and open it once more.',
};

const historyReason: ByReason<(outgoing: boolean) => string> = {
  localHangup: (outgoing) => (outgoing ? 'You called' : 'They called'),
  remoteHangup: (outgoing) => (outgoing ? 'You called' : 'They called'),
  cancelled: () => 'Cancelled',
  missed: () => 'Missed',
  declined: () => 'You declined',
  remoteDeclined: () => 'Declined',
  busy: () => 'On another call',
  noAnswer: () => 'No answer',
  unreachable: () => 'Not online',
  noRelay: () => 'Relay not reachable',
  noPath: () => 'No connection',
  connectionLost: () => 'Connection lost',
  peerGone: () => 'Stopped answering',
  incompatible: () => 'Versions differ',
  replaced: () => 'Called again',
  internalError: () => 'Failed',
};

export const en = {
  language: 'en',
  /** How dates and times are written. */
  locale: 'en-GB',
  app: 'Tincan',
  someone: 'Someone',

  start: {
    title: 'Welcome to Tincan',
    lead: 'Video calls straight from your computer to theirs. No account.',
    name: 'What should people call you?',
    namePlaceholder: 'Your name',
    nameWanted: 'A first name is enough; it tells people who is calling.',
    go: 'Start',
    preview: 'Your camera',
    level: 'Say something. The bar moves when your microphone hears you.',
  },

  home: {
    settings: 'Settings',
    field: 'Call or paste a link',
    fieldPlaceholder: 'Call or paste a link…',
    clear: 'Clear the field',
    people: 'People',
    noPeople: 'People you call, and people who call you, appear here.',
    call: 'Call',
    callName: (name: string) => `Call ${name}`,
    voiceCall: 'Without video',
    calls: 'Calls',
    back: 'Back to your invite link',
    title: 'Call someone',
    lead: 'Send them your invite link, or let them scan this code.',
    code: 'Your invite link as a code to scan',
    address: 'Your address',
    copy: 'Copy link',
    copied: 'Copied',
    notCopied: 'Not copied',
    today: 'Today',
    yesterday: 'Yesterday',
  },

  field: {
    person: (name: string) => `Invite from ${name}`,
    address: 'A Tincan address',
    over: (relay: string) => `over ${relay}`,
    own: 'This is your own address. Send it to someone who should call you.',
    incomplete: 'Part of the address is missing or mistyped. Copy it once more, the whole line.',
    unknown: 'Nobody here by that name. Paste their invite link or address to call them.',
  },

  relay: {
    none: 'No relay is set, so only people whose link names one can be called.',
    connecting: 'Connecting to the relay…',
    offline: {
      unreachable: 'Not connected to the relay. Trying again…',
      notARelay: 'The relay address leads to something else. Check it in Settings.',
      refused: 'The relay refuses this version of Tincan. Check the address in Settings.',
      takenOver: 'Tincan runs a second time with this profile, and that copy gets your calls.',
    } satisfies Record<RelayProblem, string>,
    set: 'Network settings',
  },

  calling: {
    calling: 'Calling…',
    ringing: 'Ringing…',
    connecting: 'Connecting…',
    cancel: 'Cancel',
  },

  incoming: {
    video: 'Video call',
    voice: 'Call without video',
    title: (name: string) => `${name} is calling`,
    unknown: 'Someone new. The address is theirs; the name is what they call themselves.',
    nameless: 'Someone new, who gives no name. Instead you see the ends of their address.',
    decline: 'Decline',
    acceptVoice: 'Accept without video',
    acceptVideo: 'Accept with video',
  },

  call: {
    bar: 'Call controls',
    mute: 'Mute',
    unmute: 'Unmute',
    muteLong: 'Mute the microphone',
    unmuteLong: 'Unmute the microphone',
    cameraOff: 'Camera off',
    cameraOn: 'Camera on',
    cameraOffLong: 'Turn the camera off',
    cameraOnLong: 'Turn the camera on',
    microphones: 'Choose microphone and speaker',
    cameras: 'Choose camera',
    more: 'More',
    end: 'End',
    endLong: 'End the call',
    fullScreen: 'Full screen',
    leaveFullScreen: 'Leave full screen',
    fill: 'Fill the window with the picture',
    fit: 'Show the whole picture',
    showSelf: 'Show your own picture',
    hideSelf: 'Hide your own picture',
    moveSelf: 'Your own picture. Arrow keys move it to another corner.',
    shortcuts: 'Keyboard shortcuts',
    settings: 'Settings',
    remoteMuted: (name: string) => `${name} is muted`,
    remoteCameraOff: (name: string) => `${name}’s camera is off`,
    noPicture: (name: string) => `Waiting for ${name}’s picture`,
    picture: (name: string) => `${name}’s picture`,
    path: {
      local: 'On your network',
      direct: 'Direct',
      relayed: 'Relayed',
    } satisfies Record<Path, string>,
    pathLong: {
      local: 'The call stays on your own network.',
      direct: 'The call goes straight from you to them.',
      relayed: 'The call goes through a relay, because no direct way was found.',
    } satisfies Record<Path, string>,
  },

  trouble: {
    reconnecting: (name: string) => `The connection to ${name} is gone. Reconnecting…`,
    muted: 'You are muted, and it sounds as if you are talking.',
    uploadWeak: 'Your upload is weak. Without your video, the sound stays clear.',
    downloadWeak: (name: string) => `Little of what ${name} sends arrives. Sound comes first.`,
    choose: 'Choose another',
    unmute: 'Unmute',
    cameraOff: 'Turn off camera',
    dismiss: 'Close this message',
  },

  ended: {
    sentence: ended,
    explained,
    what: 'What happened?',
    again: 'Call again',
    close: 'Close',
    how: {
      local: 'Direct on your network',
      direct: 'Direct',
      relayed: 'Relayed',
    } satisfies Record<Path, string>,
    good: (how: string) => `${how}, good throughout`,
    code: (reason: string, call: string) => `For a report: ${reason}, call ${call}`,
  },

  history: {
    reason: historyReason,
  },

  devices: {
    camera: 'Camera',
    microphone: 'Microphone',
    speaker: 'Speaker',
    automatic: 'The system’s choice',
    automaticNamed: (name: string) => `The system’s choice (${name})`,
    failed: deviceFailed,
    testPicture: 'Test picture',
    testVoice: 'Test voice',
    noCamera: 'Test picture – no camera found',
    noMicrophone: 'Test voice – no microphone found',
    neither: 'Test picture and voice – no camera or microphone found',
    bothTest: 'Test picture and test voice',
    filePicture: (name: string) => `Recording as camera: ${name}`,
    fileVoice: (name: string) => `Recording as microphone: ${name}`,
    cameraIsOff: 'Camera is off',
    unplugged: 'The one you chose is not plugged in',
    level: 'Microphone level',
  },

  settings: {
    title: 'Settings',
    close: 'Close settings',
    you: 'You',
    sound: 'Sound',
    camera: 'Camera',
    network: 'Network',
    look: 'Look',
    name: 'Name',
    nameHint: 'Shown to people you call or who call you, and part of your invite link.',
    address: 'Address',
    addressHint: 'Belongs to this computer. People call it from an invite link.',
    speak: 'Speak to see whether you can be heard.',
    testSpeaker: 'Play a tone',
    ringOn: 'Ring on',
    ringSame: 'The same speaker',
    ringFor: 'Ring for',
    ringForHint: 'After this a call counts as not answered.',
    seconds: (seconds: number) => `${seconds} seconds`,
    relay: 'Relay',
    relayHint:
      'Introduces you to people on other networks. It never hears or sees a call. Empty: none.',
    relayPlaceholder: 'wss://relay.example/v1',
    relayWrong: 'A relay address begins with ws:// or wss://.',
    relayState: {
      none: 'None set',
      connecting: 'Connecting…',
      online: 'Connected',
      offline: 'Not connected',
    },
    servers: 'Servers for difficult networks',
    serversHint: 'STUN and TURN servers help when two networks do not let calls through directly.',
    noServers: 'None. Calls on open networks work without.',
    addServer: 'Add a server',
    removeServer: (url: string) => `Remove ${url}`,
    serverUrl: 'Server',
    serverUrlPlaceholder: 'stun:server.example:3478',
    cancel: 'Cancel',
    serverWrong: 'A server begins with stun:, turn: or turns:.',
    accountMissing: 'A TURN server needs a user name and a password.',
    most: 'Most to send',
    mostHint: 'Tincan sends less by itself when a connection carries less.',
    megabits: (kbps: number) => `${kbps / 1000} Mb/s`,
    username: 'User name',
    credential: 'Password',
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    pictureFit: 'The other person’s picture',
    fits: { fit: 'Whole picture', fill: 'Fill the window' },
    history: 'Past calls',
    historyHint: 'Kept on this computer only.',
    clearHistory: 'Clear the list',
    version: (version: string) => `Tincan ${version}`,
  },

  shortcuts: {
    title: 'Keyboard shortcuts',
    close: 'Close',
    microphone: 'Microphone on or off',
    camera: 'Camera on or off',
    talk: 'Talk while held, when muted',
    fullScreen: 'Full screen',
    leave: 'Leave full screen, close what is open',
    list: 'This list',
    space: 'Space',
    hold: 'hold',
    or: 'or',
  },

  announce: {
    calling: (name: string) => `Calling ${name}`,
    ringing: (name: string) => `Ringing at ${name}`,
    connecting: (name: string) => `Connecting to ${name}`,
    connected: (name: string) => `In the call with ${name}`,
    muted: 'Microphone muted',
    unmuted: 'Microphone on',
    cameraOn: 'Camera on',
    cameraOff: 'Camera off',
    remoteMuted: (name: string) => `${name} muted the microphone`,
    remoteUnmuted: (name: string) => `${name} turned the microphone on`,
    remoteCameraOn: (name: string) => `${name} turned the camera on`,
    remoteCameraOff: (name: string) => `${name} turned the camera off`,
  },

  errors: {
    badAddress: 'That is no address and no invite link. Copy the whole line once more.',
    ownAddress: 'That is your own address. Send it to someone who should call you.',
    noRelay:
      'No relay is set, and the address names none. Ask for their invite link, or set a relay.',
    alreadyInCall: 'You are in a call already. End it first.',
    settingsNotSaved: 'The settings could not be saved. They apply until Tincan is closed.',
    internal: 'Tincan could not do that because of a fault of its own. Try once more.',
  } satisfies Record<ErrorCode, string>,
};
